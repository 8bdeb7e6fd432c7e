// The way from an empty installation to the first report: three steps, ticked off as they are done.
import { isRestricted, may } from '../app/session';
import { useEvents } from '../base/events';
import { useAll, useEvery } from '../base/load';
import type { MailServer, Source, Team } from '../base/types';
import { t } from '../i18n';
import { Empty, Failed, Note, Time, Waiting } from './basics';

/** @done is called when there is something to show. What the reader may not change, he is told to ask for. */
export function Guide({ onReport }: { onReport: () => void }) {
  const servers = useAll<MailServer>('/mail-servers');
  const sources = useAll<Source>('/sources');
  const teams = useAll<Team>(isRestricted() ? '/teams' : null);
  const renew = () => { servers.reload(); sources.reload(); };
  useEvery(5, renew);
  useEvents(() => true, () => { renew(); onReport(); });
  const error = (!servers.data && servers.error) || (!sources.data && sources.error);
  if (error) return <Failed error={error} retry={renew} />;
  if (!servers.data || !sources.data) return <Waiting />;
  if (teams.data?.length === 0) return <Empty title={t('guide.noteam')}><p>{t('guide.noteam.hint')}</p></Empty>;
  const enabled = sources.data.filter((source) => source.enabled);
  const found = sources.data.reduce((sum, source) => sum + source.state.total_found, 0);
  const done = [servers.data.length > 0, sources.data.length > 0, found > 0];
  if (done[0] && done[1] && found > 0) return <Empty title={t('guide.clear')}><p>{t('guide.clear.hint')}</p><a href="/incidents?q=is%3Aclosed">{t('guide.clear.closed')}</a></Empty>;
  const now = done.indexOf(false);
  const failing = enabled.find((source) => source.state.last_error);
  const last = enabled.map((source) => source.state.last_success_at ?? '').sort().at(-1);
  const mark = (i: number) => <span class={`mark tone-${done[i] ? 'good' : i === now ? 'accent' : 'plain'}`} role="img" aria-label={t(done[i] ? 'guide.done' : i === now ? 'guide.now' : 'guide.later')}>{done[i] ? '✓' : i + 1}</span>;
  return (
    <section class="guide stack" aria-label={t('guide.title')}>
      <div><h2>{t('guide.title')}</h2><p class="soft">{t('guide.hint')}</p></div>
      <ol class="steps">
        <li class={now === 0 ? 'now' : ''}>
          {mark(0)}
          <div><h3>{t('guide.server')}</h3><p class="soft">{t('guide.server.hint')}</p>{servers.data.map((server) => <p key={server.id}>{server.name}</p>)}</div>
          {may('configure') && !done[0] && <a class="button primary" href="/settings/email/new">{t('email.new')}</a>}
        </li>
        <li class={now === 1 ? 'now' : ''}>
          {mark(1)}
          <div><h3>{t('guide.source')}</h3><p class="soft">{t('guide.source.hint')}</p>{sources.data.slice(0, 5).map((source) => <p key={source.id}><a href={`/sources/${source.id}`}>{source.name}</a> <span class="soft">{source.mailbox}</span></p>)}</div>
          {may('configure') && done[0] && !done[1] && <a class="button primary" href="/sources/new">{t('sources.new')}</a>}
        </li>
        <li class={now === 2 ? 'now' : ''}>
          {mark(2)}
          <div class="stack">
            <div><h3>{t('guide.report')}</h3><p class="soft">{enabled[0] ? t('guide.report.to', { mailbox: enabled[0].mailbox }) : t('guide.report.hint')}</p></div>
            {failing && <Note tone="critical" title={failing.name}><p class="break">{failing.state.last_error}</p><p><a href={`/sources/${failing.id}?test=1`}>{t('guide.report.fix')}</a></p></Note>}
            {now === 2 && !failing && enabled.length > 0 && <p class="row" role="status"><span class="wait" />{last ? <>{t('guide.report.looked')} <Time at={last} /></> : t('guide.report.waiting')}</p>}
            {now === 2 && enabled.length === 0 && <p>{t('guide.report.off')}</p>}
          </div>
          <span />
        </li>
      </ol>
      {!may('configure') && <p class="soft">{t('guide.ask')}</p>}
    </section>
  );
}
