// Who reports, and what came of it.
import { useRef, useState } from 'preact/hooks';
import { useKeys } from '../base/keys';
import { useRows } from '../base/load';
import { go, query, setQuery } from '../base/router';
import type { Reporter } from '../base/types';
import { Button, Empty, Failed, Time, Waiting } from '../components/basics';
import { Grid, type Column } from '../components/grid';
import { locale, t } from '../i18n';

const orders = ['last', 'reports', 'right', 'wrong'] as const;

const percent = (part: number, of: number) => (of ? `${Math.round((100 * part) / of).toLocaleString(locale.value)} %` : '–');
const columns = (): Column<Reporter>[] => [
  { name: 'reporter', title: t('reporters.reporter'), width: 'minmax(200px, 1fr)', cell: (row) => <a href={incidentsOf(row)} tabIndex={-1}><bdi>{row.name ?? row.address}</bdi>{row.name && <span class="soft"> <bdi>{row.address}</bdi></span>}</a> },
  { name: 'reports', title: t('reporters.reports'), width: '72px', number: true, cell: (row) => row.reports.toLocaleString(locale.value) },
  { name: 'right', title: t('reporters.right'), width: '64px', number: true, cell: (row) => row.right },
  { name: 'nuisance', title: t('reporters.nuisance'), width: '96px', number: true, cell: (row) => row.nuisance },
  { name: 'wrong', title: t('reporters.wrong'), width: '76px', number: true, cell: (row) => row.wrong },
  { name: 'open', title: t('reporters.open'), width: '88px', number: true, cell: (row) => row.open },
  { name: 'accuracy', title: t('reporters.accuracy'), width: '76px', number: true, cell: (row) => percent(row.right, row.right + row.nuisance + row.wrong) },
  { name: 'trusted', title: t('reporters.trusted'), width: '72px', number: true, cell: (row) => percent(row.trusted, row.reports) },
  { name: 'last', title: t('reporters.last'), width: '104px', cell: (row) => <Time at={row.last_at} /> },
];

const incidentsOf = (row: Reporter) => `/incidents?q=${encodeURIComponent(`is:all reporter:${row.address}`)}`;

export function Reporters() {
  const text = query.value.get('q') ?? '';
  const sort = orders.find((one) => one === query.value.get('sort')) ?? 'last';
  const [draft, setDraft] = useState(text);
  const [cursor, setCursor] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRows<Reporter>('/reporters', { sort, q: text });
  const { rows } = list;
  const move = (step: number) => setCursor((at) => Math.max(0, Math.min(rows.length - 1, at + step)));
  useKeys([
    { key: 'j', words: t('reporters.key.down'), run: () => move(1) },
    { key: 'ArrowDown', words: t('reporters.key.down'), run: () => move(1) },
    { key: 'k', words: t('reporters.key.up'), run: () => move(-1) },
    { key: 'ArrowUp', words: t('reporters.key.up'), run: () => move(-1) },
    { key: 'Enter', words: t('reporters.key.open'), run: () => rows[cursor] && go(incidentsOf(rows[cursor])) },
    { key: '/', words: t('incidents.key.filter'), run: () => field.current?.focus() },
  ]);
  return (
    <div class="page full">
      <div class="page-head">
        <h1>{t('nav.reporters')}</h1>
        <div class="row" role="group" aria-label={t('reporters.sort')}>
          {orders.map((one) => <Button key={one} look="quiet" aria-pressed={one === sort} onClick={() => { setCursor(0); setQuery({ sort: one === 'last' ? null : one }); }}>{t(`reporters.sort.${one}`)}</Button>)}
        </div>
      </div>
      <form class="stack" role="search" aria-label={t('incidents.filter')} style={{ marginBottom: '12px' }} onSubmit={(event) => { event.preventDefault(); setCursor(0); setQuery({ q: draft.trim() || null }); field.current?.blur(); }}>
        <input ref={field} class="input" type="search" aria-label={t('reporters.find')} placeholder={t('reporters.find')} maxLength={200} value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)} onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()} />
      </form>
      {list.error && rows.length === 0 ? <Failed error={list.error} retry={list.again} /> : list.complete && rows.length === 0 ? <Empty title={t('reporters.none')}><p>{t('reporters.none.hint')}</p></Empty> : (
        <Grid label={t('nav.reporters')} columns={columns()} rows={rows} cursor={cursor} picked={new Set()} onCursor={setCursor} onOpen={(row) => go(incidentsOf(row))} onEnd={list.more}
          foot={list.error ? <Failed error={list.error} retry={list.again} /> : list.loading && rows.length === 0 ? <Waiting /> : list.complete ? <p class="soft">{t('reporters.kept')}</p> : null} />
      )}
    </div>
  );
}
