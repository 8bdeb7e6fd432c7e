import type { views as source } from '../en/views';

export const views: Record<keyof typeof source, string> = {
  'views.title': 'Ansichten',
  'views.find': 'Ansicht suchen',
  'views.none': 'Keine Ansicht heißt so',
  'views.own': 'Ihre',
  'views.shared': 'Ihre, geteilt',
  'views.show': 'Zeigen',
  'views.share': 'Mit allen teilen',
  'views.unshare': 'Nicht mehr teilen',
  'views.share.check': 'Alle sehen sie',
  'views.share.hint': 'Sie steht unter den Ansichten aller, die Vorfälle sehen; nur Sie ändern sie.',
  'views.save': 'Als Ansicht speichern',
  'views.name': 'Name',
  'views.name.hint': 'Was sie zeigt, in ein, zwei Wörtern',
  'views.saved': 'Gespeichert: {name}',
  'views.deleted': 'Gelöscht: {name}',
  'columns.title': 'Spalten',
  'columns.default': 'Wie am Anfang',
};
