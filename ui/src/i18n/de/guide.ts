import type { guide as source } from '../en/guide';

export const guide: Record<keyof typeof source, string> = {
  'guide.title': 'In drei Schritten zum ersten Vorfall',
  'guide.hint': 'Jeder wird gleich ausprobiert, und in keinem Postfach wird etwas verändert, bevor es gewünscht ist.',
  'guide.done': 'Erledigt',
  'guide.now': 'Als Nächstes',
  'guide.later': 'Später',
  'guide.server': 'Einen Mailserver anbinden',
  'guide.server.hint': 'Den mit dem Postfach, an das gemeldet wird.',
  'guide.source': 'Das Abuse-Postfach beobachten',
  'guide.source.hint': 'Welches Postfach, und wessen Meldungen wird geglaubt?',
  'guide.report': 'Die erste Meldung bekommen',
  'guide.report.hint': 'Eine verdächtige Mail, am besten als Anhang, an das beobachtete Postfach weiterleiten.',
  'guide.report.to': 'Eine verdächtige Mail, am besten als Anhang, an {mailbox} weiterleiten. Sie erscheint hier von selbst.',
  'guide.report.looked': 'Noch nichts da; zuletzt nachgesehen',
  'guide.report.waiting': 'Wartet auf den ersten Abruf …',
  'guide.report.fix': 'Nachsehen, was nicht stimmt',
  'guide.report.off': 'Die Quelle ist angehalten.',
  'guide.ask': 'Diese Rolle ändert keine Einstellungen: Für den nächsten Schritt bitte die Administration fragen.',
  'guide.clear': 'Nichts ist offen',
  'guide.clear.hint': 'Alles Gemeldete ist erledigt.',
  'guide.clear.closed': 'Geschlossene Vorfälle',
};
