import type { teams as en } from '../en/teams';

export const teams: Record<keyof typeof en, string> = {
  'nav.teams': 'Teams',
  'teams.new': 'Neues Team',
  'teams.none': 'Es gibt keine Teams',
  'teams.hint': 'Wer sieht, was die eigenen Teams sehen (unter Benutzer), hat die Vorfälle dieser Quellen und was dem Team oder der Person zugeteilt ist. Alle anderen sehen alles, und ein Team sagt, wer woran arbeitet.',
  'teams.name': 'Name',
  'teams.description': 'Beschreibung',
  'teams.sources': 'Quellen',
  'teams.sources.none': 'Es gibt noch keine Quellen',
  'teams.source.deleted': 'gelöscht; was sie brachte, ist weiter zu sehen',
  'teams.members': 'Personen',
  'teams.keys': 'API-Schlüssel',
  'teams.sees.everything': 'sieht alles',
  'teams.edit': '{name} ändern',
  'teams.delete.title': '{name} löschen?',
  'teams.delete.hint': 'Seine Personen sehen nicht mehr, was sie dadurch sahen. Ein Team mit offenen Vorfällen bleibt: bitte zuerst weitergeben.',
  'teams.deleted': 'Gelöscht',
  'teams.team': 'Team',

  'sight.label': 'Sieht',
  'sight.hint': 'Eine andere Wahl beendet die Sitzungen',
  'sight.everything': 'Alles',
  'sight.teams': 'Was die eigenen Teams sehen',
  'sight.key.teams': 'Was seine Teams sehen',
  'sight.key.owner': 'Was jemand sieht: er gehört der Person',
  'sight.owner': 'Wem er gehört',
  'sight.owner.of': 'von {name}',

  'guide.noteam': 'Sie sind in keinem Team',
  'guide.noteam.hint': 'Ihr Konto sieht, was seine Teams sehen. Bitten Sie jemanden mit Verwaltungsrecht um Aufnahme; bis dahin gibt es, was Ihnen zugeteilt ist.',

  'assign.team': 'Team',
  'assign.noteam': 'Kein Team',
};
