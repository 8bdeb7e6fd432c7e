// A check, line by line: what was tried, what came of it, and what to do about it.
import type { ComponentChildren } from 'preact';
import type { CheckLine } from '../base/types';
import { t } from '../i18n';
import { Badge, Failed, type Tone } from './basics';

export interface Check {
  busy: boolean;
  lines: CheckLine[] | null;
  error: unknown;
}

export const unchecked: Check = { busy: false, lines: null, error: null };

const levels = { ok: 'check.ok', warning: 'check.warning', failed: 'check.bad' } as const;
const tones: Record<CheckLine['level'], Tone> = { ok: 'good', warning: 'moderate', failed: 'critical' };

/** @next: what there is to do when everything works. */
export function Checks({ check, hint, next }: { check: Check; hint: string; next?: ComponentChildren }) {
  const failed = check.lines?.filter((line) => line.level === 'failed').length ?? 0;
  const warnings = check.lines?.filter((line) => line.level === 'warning').length ?? 0;
  return (
    <div class="stack" aria-live="polite" aria-busy={check.busy}>
      {check.busy && <p class="row" role="status"><span class="wait" />{t('check.busy')}</p>}
      {!check.busy && check.error ? <Failed error={check.error} /> : null}
      {!check.busy && check.lines && (
        <p><Badge tone={failed ? 'critical' : warnings ? 'moderate' : 'good'}>
          {failed ? t('check.failed', { n: failed }) : warnings ? t('check.warnings', { n: warnings }) : t('check.good')}
        </Badge></p>
      )}
      {!check.busy && check.lines && !failed && next}
      {check.lines && (
        <ol class="checks">
          {check.lines.map((line, i) => (
            <li key={i} class={`tone-${tones[line.level]}`}>
              <span class="mark" role="img" aria-label={t(levels[line.level])}>{line.level === 'ok' ? '✓' : line.level === 'warning' ? '!' : '✕'}</span>
              <div><strong>{line.what}</strong><div class="soft break">{line.detail}</div></div>
            </li>
          ))}
        </ol>
      )}
      {!check.busy && !check.lines && !check.error && <p class="soft">{hint}</p>}
    </div>
  );
}
