// Why an incident needs a person: short in a row of the queue, in sentences on its page.
import type { Incident, NeedReason } from '../base/types';
import { t, word } from '../i18n';
import { Badge, Card, type Tone } from './basics';

const tones: Partial<Record<NeedReason, Tone>> = {
  copies_unsure: 'critical', copies_failed: 'critical', not_pulled: 'critical', critical: 'critical', major: 'major', unjudged: 'accent', many_reports: 'major',
  suspicious: 'major', manual_review: 'major', reopened: 'moderate', ambiguous: 'moderate', unparsed: 'moderate', waiting: 'moderate' };

/** What the row says in another column already. */
const elsewhere = new Set<NeedReason>(['critical', 'major', 'moderate', 'unassigned']);

/** The two that weigh most, or the one where it is narrow, and how many more there are. */
export function Reasons({ incident }: { incident: Incident }) {
  const reasons = incident.need_reasons.filter((reason) => !elsewhere.has(reason));
  const shown = reasons.slice(0, 2);
  const all = incident.need_reasons.map((reason) => word('need.says', reason)).join('\n');
  return (
    <span class="reasons" title={all}>
      <span>
        {shown.map((reason) => <Badge key={reason} tone={tones[reason] ?? 'plain'}>{word('need', reason)}</Badge>)}
        {reasons.length > shown.length && <span class="soft when-wide">+{reasons.length - shown.length}</span>}
        {reasons.length > 1 && <span class="soft when-narrow">+{reasons.length - 1}</span>}
      </span>
    </span>
  );
}

export function NeedCard({ incident }: { incident: Incident }) {
  if (!incident.need_reasons.length) return null;
  return (
    <Card title={t('need.title')}>
      <ul class="stack">
        {incident.need_reasons.map((reason) => (
          <li key={reason}><Badge tone={tones[reason] ?? 'plain'}>{word('need', reason)}</Badge> <span class="soft">{word('need.says', reason)}</span></li>
        ))}
      </ul>
    </Card>
  );
}
