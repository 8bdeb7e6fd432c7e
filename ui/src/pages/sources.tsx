// The sources: which mailboxes are watched, and how each is doing. What does not work says so here, in words.
import { useState } from 'preact/hooks';
import { may } from '../app/session';
import { api, words } from '../base/api';
import { useEvents } from '../base/events';
import { useInSight, useKeys } from '../base/keys';
import { useAll, useEvery } from '../base/load';
import { go } from '../base/router';
import { duration } from '../base/time';
import type { MailServer, Source } from '../base/types';
import { Badge, Button, Empty, Failed, Time, Waiting, type Tone } from '../components/basics';
import { say } from '../components/dialog';
import { t, type Key } from '../i18n';

type Health = 'off' | 'failing' | 'late' | 'new' | 'polling' | 'good';

const healthTones: Record<Health, Tone> = { off: 'plain', failing: 'critical', late: 'moderate', new: 'accent', polling: 'good', good: 'good' };

/** A poll that is later than three of its intervals waits for something that does not come. */
function healthOf(source: Source): Health {
  const { state } = source;
  if (!source.enabled) return 'off';
  if (state.last_error) return 'failing';
  if (state.lag_seconds > Math.max(180, source.polling_interval * 180)) return 'late';
  if (!state.last_poll_at) return 'new';
  return state.polling ? 'polling' : 'good';
}

export function HealthBadge({ source }: { source: Source }) {
  const health = healthOf(source);
  return <Badge tone={healthTones[health]} title={t(`sources.health.${health}.hint`)}><span class="dot" />{t(`sources.health.${health}` as Key)}</Badge>;
}

export function NextPoll({ source }: { source: Source }) {
  const { state } = source;
  if (!source.enabled) return <span class="soft">{t('sources.health.off')}</span>;
  if (state.polling) return <>{t('sources.health.polling')}</>;
  if (state.lag_seconds > 30) return <span>{t('sources.late', { time: duration(state.lag_seconds) })}</span>;
  return <Time at={state.next_poll_at} />;
}

export async function pollNow(source: Source): Promise<void> {
  try {
    await api.post(`/sources/${source.id}/poll`);
    say(t('sources.poll.said', { name: source.name }));
  } catch (error) {
    say(words(error), 'critical');
  }
}

export async function switchSource(source: Source, enabled: boolean): Promise<Source | null> {
  try {
    const changed = await api.patch<Source>(`/sources/${source.id}`, { enabled });
    say(t(enabled ? 'sources.resume.said' : 'sources.pause.said', { name: source.name }), 'good',
      () => void api.patch(`/sources/${source.id}`, { enabled: !enabled }).catch((error) => say(words(error), 'critical')));
    return changed;
  } catch (error) {
    say(words(error), 'critical');
    return null;
  }
}

export function Sources() {
  const sources = useAll<Source>('/sources');
  const servers = useAll<MailServer>('/mail-servers');
  const [cursor, setCursor] = useState(0);
  useInSight(cursor);
  const configures = may('configure');
  useEvery(5, sources.reload);
  useEvents((event) => event.object_kind === 'source', sources.reload);

  const rows = sources.data ?? [];
  const serverName = (id: number) => servers.data?.find((server) => server.id === id)?.name ?? `#${id}`;
  const at = rows[cursor];
  const poll = (source: Source | undefined) => source && void pollNow(source).then(sources.reload);
  const toggle = (source: Source | undefined) => source && void switchSource(source, !source.enabled).then(sources.reload);
  const move = (step: number) => setCursor((old) => Math.max(0, Math.min(rows.length - 1, old + step)));
  useKeys([
    { key: 'j', words: t('sources.key.down'), run: () => move(1) },
    { key: 'ArrowDown', words: t('sources.key.down'), run: () => move(1) },
    { key: 'k', words: t('sources.key.up'), run: () => move(-1) },
    { key: 'ArrowUp', words: t('sources.key.up'), run: () => move(-1) },
    { key: 'Enter', words: t('sources.key.open'), run: () => at && go(`/sources/${at.id}`) },
    ...(configures ? [
      { key: 'n', words: t('sources.new'), run: () => go('/sources/new') },
      { key: 'p', words: t('sources.poll'), run: () => poll(at) },
      { key: 'o', words: t('sources.switch'), run: () => toggle(at) },
    ] : []),
  ]);

  const failing = rows.filter((source) => healthOf(source) === 'failing').length;
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.sources')}</h1>
        {rows.length > 0 && <span class="soft">{t('sources.count', { n: rows.length })}</span>}
        {failing > 0 && <Badge tone="critical">{t('sources.failing', { n: failing })}</Badge>}
        {configures && <div class="actions"><a class="button primary" href="/sources/new" aria-keyshortcuts="n">+ {t('sources.new')}<kbd aria-hidden="true">n</kbd></a></div>}
      </div>
      {sources.error && !sources.data ? <Failed error={sources.error} retry={sources.reload} /> : !sources.data ? <Waiting /> : rows.length === 0 ? (
        <Empty title={t('sources.none')}>
          <p>{t('sources.none.hint')}</p>
          {configures && (servers.data?.length === 0
            ? <a class="button primary" href="/settings/email/new">{t('sources.none.server')}</a>
            : <a class="button primary" href="/sources/new">+ {t('sources.new')}</a>)}
        </Empty>
      ) : (
        <div class="table">
          <table aria-label={t('nav.sources')}>
            <thead>
              <tr><th>{t('sources.health')}</th><th>{t('sources.name')}</th><th>{t('sources.server')}</th><th>{t('sources.last')}</th><th>{t('sources.next')}</th><th class="num">{t('sources.found')}</th>{configures && <th><span class="visually-hidden">{t('sources.actions')}</span></th>}</tr>
            </thead>
            <tbody>
              {rows.map((source, i) => (
                <tr key={source.id} class={i === cursor ? 'cursor' : ''} onClick={() => setCursor(i)} onDblClick={() => go(`/sources/${source.id}`)}>
                  <td class="tight"><HealthBadge source={source} /></td>
                  <td class="main">
                    <a href={`/sources/${source.id}`}><strong>{source.name}</strong></a>
                    <div class="soft break">{source.mailbox} · {source.folder}</div>
                    {source.state.last_error && <div class="error break">{source.state.last_error}</div>}
                  </td>
                  <td class="break">{configures ? <a href={`/settings/email/${source.mail_server_id}`}>{serverName(source.mail_server_id)}</a> : serverName(source.mail_server_id)}</td>
                  <td class="tight">
                    <Time at={source.state.last_poll_at} />
                    {source.state.last_error && <div class="soft">{t('sources.well')} <Time at={source.state.last_success_at} /></div>}
                  </td>
                  <td class="tight"><NextPoll source={source} /></td>
                  <td class="num tight">{source.state.total_found.toLocaleString()}<div class="soft">{t('sources.found.last', { n: source.state.last_found })}</div></td>
                  {configures && (
                    <td class="last">
                      <div class="row">
                        <Button disabled={!source.enabled} hint={i === cursor ? 'p' : undefined} onClick={() => poll(source)}>{t('sources.poll')}</Button>
                        <Button hint={i === cursor ? 'o' : undefined} onClick={() => toggle(source)}>{source.enabled ? t('sources.pause') : t('sources.resume')}</Button>
                      </div>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
