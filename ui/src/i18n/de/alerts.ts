import type { alerts as source } from '../en/alerts';

export const alerts: Record<keyof typeof source, string> = {
  'alerts.recipient': 'Empfänger',
  'alerts.role': 'Als',
  'alerts.state': 'Zustand',
  'alerts.source': 'Quelle',
  'alerts.opened': 'Geöffnet',
  'alerts.filter.hint': 'is:open recipient:ann@corp.example source:1 incident:7 message:id@host',
  'alerts.none': 'Kein Alarm passt',
  'alerts.none.hint': 'Für jeden Empfänger des Gemeldeten gibt es einen Alarm. Keiner ist offen.',
  'alerts.verdict.said': '{verdict}: {n|# Alarm|# Alarme}',
  'alerts.close.title': '{n|# Alarm|# Alarme} schließen',
  'alerts.closed.said': 'Geschlossen: {n|# Alarm|# Alarme}',
  'alerts.key.down': 'Nächster Alarm',
  'alerts.key.up': 'Voriger Alarm',
  'alerts.key.close': 'Alarm schließen',
};
