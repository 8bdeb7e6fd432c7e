// The audit log: who did what, and when; followed as it grows, searched, taken away as JSON lines.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { words } from '../base/api';
import { useEvents } from '../base/events';
import { useKeys } from '../base/keys';
import { exportLog, useLog, type Wanted } from '../base/log';
import { query, setQuery } from '../base/router';
import type { Activity } from '../base/types';
import { Button, Copy, Empty, Failed, Time, Waiting } from '../components/basics';
import { Dialog, say } from '../components/dialog';
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

/** "actor:ann action:source object:source/3 incident:7 since:2026-01-31 until:2026-02-28 words". null: not understood. */
function parse(text: string): { wanted: Wanted; wrong: string[] } {
  const tests: Wanted[] = [];
  const wrong: string[] = [];
  for (const part of text.match(/[a-z]+:"[^"]*"|"[^"]*"|\S+/gi) ?? []) {
    const at = part.indexOf(':');
    const term = at > 0 ? part.slice(0, at).toLowerCase() : '';
    const value = part.slice(at > 0 ? at + 1 : 0).replaceAll('"', '').toLowerCase();
    const [kind, id] = value.split('/');
    const moment = Date.parse(value);
    if (term === 'actor') tests.push((one) => one.actor.toLowerCase().includes(value));
    else if (term === 'action') tests.push((one) => one.action.startsWith(value));
    else if (term === 'object') tests.push((one) => one.object_kind === kind && (!id || String(one.object_id) === id));
    else if (term === 'incident') tests.push((one) => String(one.incident_id) === value || (one.object_kind === 'incident' && String(one.object_id) === value));
    else if ((term === 'since' || term === 'until') && !Number.isNaN(moment)) {
      const end = moment + (value.length <= 10 ? 86_400_000 : 0);
      tests.push(term === 'since' ? (one) => Date.parse(one.at) >= moment : (one) => Date.parse(one.at) < end);
    } else if (term) wrong.push(part);
    else tests.push((one) => `${one.action} ${word('action', one.action)} ${one.actor} ${detailOf(one)}`.toLowerCase().includes(value));
  }
  return { wanted: (one) => tests.every((test) => test(one)), wrong };
}

const columns = (): Column<Activity & { id: number }>[] => [
  { name: 'seq', title: t('audit.seq'), width: '72px', number: true, cell: (row) => row.seq },
  { name: 'at', title: t('audit.at'), width: '124px', cell: (row) => <Time at={row.at} /> },
  { name: 'actor', title: t('audit.actor'), width: '140px', cell: (row) => row.actor },
  { name: 'action', title: t('audit.action'), width: '220px', cell: (row) => <span title={row.action}>{word('action', row.action)}</span> },
  { name: 'object', title: t('audit.object'), width: '220px', cell: (row) => <Thing record={row} /> },
  { name: 'detail', title: t('audit.detail'), width: 'minmax(240px, 1fr)', cell: (row) => <span class="soft">{detailOf(row)}</span> },
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

function Export({ wanted, filtered, onClose }: { wanted: Wanted; filtered: boolean; onClose: () => void }) {
  const [done, setDone] = useState({ done: 0, of: 1 });
  useEffect(() => {
    const abort = new AbortController();
    exportLog(wanted, (some, of) => setDone({ done: some, of }), abort.signal).then((blob) => {
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
      <p>{t(filtered ? 'audit.export.some' : 'audit.export.all')}</p>
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
  const parsed = useMemo(() => parse(text), [text]);
  const log = useLog(text, parsed.wanted);

  useEvents(() => true, (events) => (follow ? log.refresh() : setWaiting((n) => n + events.filter(parsed.wanted).length)));
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
  const foot = log.loading && log.rows.length === 0 ? <Waiting /> : (
    <p class="row soft" style={{ padding: '8px 12px' }}>
      {t('audit.seen', { n: log.seen, of: log.last.toLocaleString() })}
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
      <form class="stack" role="search" style={{ marginBottom: '12px' }} onSubmit={(event) => { event.preventDefault(); search(draft.trim()); filter.current?.blur(); }}>
        <input ref={filter} class="input mono" type="search" aria-label={t('incidents.filter')} placeholder={t('audit.filter.hint')} value={draft}
          onInput={(event) => { setDraft(event.currentTarget.value); if (!event.currentTarget.value) search(''); }} onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()} />
        {parsed.wrong.length > 0 && <p class="wrong" role="alert">{t('incidents.filter.wrong', { words: parsed.wrong.join(' ') })}</p>}
      </form>
      {log.error && log.rows.length === 0 ? <Failed error={log.error} retry={log.reload} /> : log.rows.length === 0 && !log.loading ? (
        <Empty title={t('audit.none')}>{foot}</Empty>
      ) : (
        <Grid label={t('nav.audit')} columns={columns()} rows={log.rows} cursor={cursor} picked={new Set()} onCursor={setCursor} onOpen={setShown}
          onEnd={() => { if (!log.error && !text) log.more(); }} foot={foot} />
      )}
      {shown && <Record record={shown} onClose={() => setShown(null)} />}
      {exporting && <Export wanted={parsed.wanted} filtered={text !== ''} onClose={() => setExporting(false)} />}
    </div>
  );
}
