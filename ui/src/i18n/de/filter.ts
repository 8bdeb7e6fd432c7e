import type { filter as source } from '../en/filter';

export const filter: Record<keyof typeof source, string> = {
  'filter.goes': 'Wie es weitergehen kann',
  'filter.oneof': 'eines von {values}',
  'filter.number': 'eine Zahl',
  'filter.text': 'irgendein Text',
  'filter.address': 'eine ganze Adresse, wie ann@corp.example',
  'filter.when': 'ein Tag wie 2026-11-01 oder wie lange her: 12h, 7d, 4w',
  'filter.assignee': 'me, none oder ein Anmeldename',
  'filter.team': 'der Name eines Teams, mit Leerzeichen in Anführungszeichen',
  'filter.action': 'was getan wurde, oder wie das beginnt: source, source.update',
  'filter.object': 'eine Art von Ding und seine Nummer: source, incident/7',
  'filter.unknown': 'den Filter „{name}:“ gibt es nicht. In Anführungszeichen wird es als Wörter gesucht.',
  'filter.empty': 'danach muss etwas kommen: {hint}',
  'filter.twice': 'das wird zweimal gesagt',
  'filter.words.none': 'diese Liste hat nichts, worin nach Wörtern gesucht wird',
  'filter.wrong': 'Der Filter ist nicht verständlich',
  'filter.least': 'mindestens so schwer',
};
