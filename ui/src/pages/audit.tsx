// The audit log: who did what, and when; followed as it grows, searched, taken away as JSON lines.
import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../base/api';
import { useEvents } from '../base/events';
import { activityTerms, wrongOf } from '../base/filter';
import { useKeys } from '../base/keys';
import { exportLog, useLog } from '../base/log';
import { query, setQuery } from '../base/router';
import type { Activity } from '../base/types';
import { Button, Copy, Empty, Failed, Time, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
import { FilterInput } from '../components/filter';
import { Grid, type Column } from '../components/grid';
import { t, word } from '../i18n';

const places: Record<string, string> = { incident: '/incidents', source: '/sources', mail_server: '/settings/email' };

function Thing({ record }: { record: Activity }) {
  const name = `${word('thing', record.object_kind)} ${record.object_id}`;
  const place = places[record.object_kind];
  if (place && !record.action.endsWith('.delete')) return <a href={`${place}/${record.object_id}`} tabIndex={-1}>{name}</a>;
  return <>{name}{record.incident_id && <> · <a href={`/incidents/${record.incident_id}`} tabIndex={-1}>{word('thing', 'incident')} {record.incident_id}</a></>}</>;
}

function detailOf(record: Activity): string {
  return Object.entries(record.detail ?? {}).map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`).join(' · ');
}

const columns = (): Column<Activity & { id: number }>[] => [
  { name: 'seq', title: t('audit.seq'), width: '72px', number: true, cell: (row) => row.seq },
  { name: 'at', title: t('audit.at'), width: '108px', cell: (row) => <Time at={row.at} /> },
  { name: 'actor', title: t('audit.actor'), width: '128px', cell: (row) => row.actor },
  { name: 'action', title: t('audit.action'), width: '192px', cell: (row) => <span title={row.action}>{word('action', row.action)}</span> },
  { name: 'object', title: t('audit.object'), width: '184px', cell: (row) => <Thing record={row} /> },
  { name: 'detail', title: t('audit.detail'), width: 'minmax(180px, 1fr)', cell: (row) => <span class="soft">{detailOf(row)}</span> },
];

function Record({ record, onClose }: { record: Activity; onClose: () => void }) {
  return (
    <Dialog wide title={`${word('action', record.action)} · ${record.seq}`} onClose={onClose} foot={<Copy text={JSON.stringify(record)} />}>
      <dl class="facts">
        <dt>{t('audit.at')}</dt><dd><Time at={record.at} whole /></dd>
        <dt>{t('audit.actor')}</dt><dd>{record.actor}</dd>
        <dt>{t('audit.action')}</dt><dd class="mono">{record.action}</dd>
        <dt>{t('audit.object')}</dt><dd><Thing record={record} /></dd>
        <dt>{t('audit.hash')}</dt><dd class="mono break">{record.hash}</dd>
      </dl>
      {record.detail && <pre class="plain">{JSON.stringify(record.detail, null, 2)}</pre>}
    </Dialog>
  );
}

function Export({ filter, onClose }: { filter: string; onClose: () => void }) {
  const [done, setDone] = useState({ done: 0, of: 1 });
  useEffect(() => {
    const abort = new AbortController();
    exportLog(filter, (some, of) => setDone({ done: some, of }), abort.signal).then((blob) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = `trawl-audit-${new Date().toISOString().slice(0, 10)}.jsonl`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      onClose();
    }, (error) => {
      if (abort.signal.aborted) return;
      say(words(error), 'critical');
      onClose();
    });
    return () => abort.abort();
  }, []);
  return (
    <Dialog title={t('audit.export')} onClose={onClose}>
      <p>{t(filter ? 'audit.export.some' : 'audit.export.all')}</p>
      <div class="progress" role="progressbar" aria-valuemin={0} aria-valuemax={done.of} aria-valuenow={done.done} aria-label={t('audit.export')}><i style={{ width: `${(100 * done.done) / done.of}%` }} /></div>
      <p><Button onClick={onClose}>{t('do.cancel')}</Button></p>
    </Dialog>
  );
}

export function Audit() {
  const text = query.value.get('q') ?? '';
  const [draft, setDraft] = useState(text);
  const [cursor, setCursor] = useState(0);
  const [follow, setFollow] = useState(true);
  const [waiting, setWaiting] = useState(0);
  const [shown, setShown] = useState<Activity | null>(null);
  const [exporting, setExporting] = useState(false);
  const filter = useRef<HTMLInputElement>(null);
  const log = useLog(text);
  const wrong = wrongOf(log.error, activityTerms);

  // what is new is not counted while a filter may keep it out
  useEvents(() => true, (events) => (follow ? log.refresh() : setWaiting((n) => (text ? 0 : n + events.length))));
  function setLive(on: boolean): void {
    setFollow(on);
    setWaiting(0);
    if (on) log.refresh();
  }
  function search(next: string): void {
    setDraft(next);
    setCursor(0);
    setQuery({ q: next || null });
  }
  const move = (step: number) => setCursor((at) => Math.max(0, Math.min(log.rows.length - 1, at + step)));
  useKeys([
    { key: 'j', words: t('audit.key.down'), run: () => move(1) },
    { key: 'ArrowDown', words: t('audit.key.down'), run: () => move(1) },
    { key: 'k', words: t('audit.key.up'), run: () => move(-1) },
    { key: 'ArrowUp', words: t('audit.key.up'), run: () => move(-1) },
    { key: 'Enter', words: t('audit.key.open'), run: () => log.rows[cursor] && setShown(log.rows[cursor]) },
    { key: '/', words: t('incidents.filter'), run: () => filter.current?.focus() },
    { key: 'f', words: t('audit.live'), run: () => setLive(!follow) },
  ]);
  const foot = log.error ? <Failed error={log.error} retry={log.more} /> : log.loading && log.rows.length === 0 ? <Waiting /> : (
    <p class="row soft" style={{ padding: '8px 12px' }}>
      {t('audit.seen', { n: log.seen, of: (log.last - log.oldest + 1).toLocaleString() })}
      {log.complete && log.oldest > 1 && <> {t('audit.begins', { n: log.oldest.toLocaleString() })}</>}
      {!log.complete && text && <Button disabled={log.loading} onClick={log.more}>{log.loading ? t('say.loading') : t('audit.back')}</Button>}
    </p>
  );
  return (
    <div class="page full">
      <div class="page-head">
        <h1>{t('nav.audit')}</h1>
        <div class="actions">
          {waiting > 0 && <Button onClick={() => setLive(true)}>{t('say.fresh', { n: waiting })}</Button>}
          <Button hint="f" aria-pressed={follow} onClick={() => setLive(!follow)}>{t('audit.live')}</Button>
          <Button onClick={() => setExporting(true)}>{t('audit.export')}</Button>
        </div>
      </div>
      <FilterInput input={filter} label={t('incidents.filter')} placeholder={t('audit.filter.hint')} value={draft} terms={activityTerms} wrong={draft === text ? wrong : []}
        onInput={setDraft} onSubmit={(next) => { search(next); filter.current?.blur(); }} />
      {wrong.length > 0 ? <Empty title={t('filter.wrong')} /> : log.error && log.rows.length === 0 ? <Failed error={log.error} retry={log.reload} /> : log.rows.length === 0 && !log.loading ? (
        <Empty title={t('audit.none')}>{foot}</Empty>
      ) : (
        <Grid label={t('nav.audit')} columns={columns()} rows={log.rows} cursor={cursor} picked={new Set()} onCursor={setCursor} onOpen={setShown}
          onEnd={() => { if (!log.error && !text) log.more(); }} foot={foot} />
      )}
      {shown && <Record record={shown} onClose={() => setShown(null)} />}
      {exporting && <Export filter={text} onClose={() => setExporting(false)} />}
    </div>
  );
}
