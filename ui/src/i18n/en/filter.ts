export const filter = {
  'filter.goes': 'How it may go on',
  'filter.oneof': 'one of {values}',
  'filter.number': 'a number',
  'filter.text': 'any text',
  'filter.address': 'a whole address, like ann@corp.example',
  'filter.when': 'a day like 2026-11-01, or how long ago: 12h, 7d, 4w',
  'filter.assignee': 'me, none, or the name somebody logs in with',
  'filter.unknown': 'there is no such filter “{name}:”. In quotes it is looked for in the subject.',
  'filter.empty': 'something has to follow: {hint}',
  'filter.twice': 'that is said already by {other}',
  'filter.words.none': 'this list has nothing that words are looked for in',
  'filter.least': 'at least so severe',
};
