// What went on: how much is reported, what it was, and how long everything takes.
import { useLoad } from '../base/load';
import { query, setQuery } from '../base/router';
import { dayName, duration, period } from '../base/time';
import { dispositions, type Disposition, type Duration, type Statistics } from '../base/types';
import { Button, Card, Empty, Failed, Waiting } from '../components/basics';
import { Columns, Shares, type Series } from '../components/charts';
import { locale, t, word } from '../i18n';

const periods = [7, 30, 90, 365] as const;
const tones: Partial<Record<Disposition, Series['tone']>> = { malicious: 'critical', suspicious: 'critical', false_negative: 'critical', spam: 'moderate', bulk: 'moderate', low_risk: 'good', known_good: 'good', unknown: 'plain' };

/** A cell of comma-separated values (RFC 4180); nothing in it is taken for a formula. */
const cell = (value: string | number | null) => {
  const text = String(value ?? '');
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
};

function exportCsv(data: Statistics): void {
  const rows: (string | number | null)[][] = [
    ['section', 'name', 'figure', 'value'],
    ...data.days.flatMap((one) => [['day', one.day, 'reports', one.reports], ['day', one.day, 'incidents', one.incidents]]),
    ...Object.entries(data.verdicts).map(([name, n]) => ['verdict', name, 'incidents', n]),
    ...Object.entries(data.kinds).map(([name, n]) => ['kind', name, 'incidents', n]),
    ...data.sources.map((one) => ['source', one.name, 'reports', one.reports]),
    ...Object.entries(data.times).flatMap(([name, one]) => Object.entries(one).map(([figure, n]) => ['time', name, figure === 'count' ? 'incidents' : `${figure} seconds`, n])),
  ];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')], { type: 'text/csv' }));
  link.download = `trawl-reports-${data.to.slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function Times({ data }: { data: Statistics }) {
  const rows: [string, Duration][] = [[t('reports.look'), data.times.look], [t('reports.verdict'), data.times.verdict], [t('reports.pull'), data.times.pull]];
  const long = (seconds: number | null) => (seconds === null ? '–' : duration(seconds));
  return (
    <div class="table" role="group" aria-label={t('reports.times')} tabIndex={0}>
      <table aria-label={t('reports.times')}>
        <thead><tr><th scope="col">{t('reports.until')}</th><th scope="col" class="num">{t('reports.half')}</th><th scope="col" class="num">{t('reports.most')}</th><th scope="col" class="num">{t('reports.slowest')}</th><th scope="col" class="num">{t('nav.incidents')}</th></tr></thead>
        <tbody>{rows.map(([name, one]) => <tr key={name}><th scope="row">{name}</th><td class="num">{long(one.p50)}</td><td class="num">{long(one.p90)}</td><td class="num">{long(one.p99)}</td><td class="num">{one.count.toLocaleString(locale.value)}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

export function Reports() {
  const days = periods.find((one) => String(one) === query.value.get('days')) ?? 30;
  const { data, error, reload } = useLoad<Statistics>('/statistics', period(days));
  const anything = data && (data.days.some((one) => one.reports || one.incidents));
  return (
    <div class="page">
      <div class="page-head">
        <h1>{t('nav.reports')}</h1>
        <div class="row" role="group" aria-label={t('reports.period')}>
          {periods.map((one) => <Button key={one} look="quiet" aria-pressed={one === days} onClick={() => setQuery({ days: one === 30 ? null : String(one) })}>{t('reports.days', { n: one })}</Button>)}
        </div>
        <div class="actions"><Button disabled={!data} onClick={() => data && exportCsv(data)}>{t('reports.export')}</Button></div>
      </div>
      {error && !data ? <Failed error={error} retry={reload} /> : !data ? <Waiting /> : !anything ? <Empty title={t('reports.none')}><p>{t('reports.none.hint')}</p></Empty> : (
        <div class="stack">
          <Card title={t('reports.volume')}>
            <Columns label={t('reports.volume')} labels={data.days.map((one) => dayName(one.day))} series={[
              { words: t('reports.reports'), tone: 'accent', values: data.days.map((one) => one.reports) },
              { words: t('reports.incidents'), tone: 'moderate', values: data.days.map((one) => one.incidents) },
            ]} />
          </Card>
          <Card title={t('reports.times')} bare><div class="card-body stack"><p class="soft">{t('reports.times.hint')}</p><Times data={data} /></div></Card>
          <div class="columns">
            <Card title={t('reports.verdicts')}><Shares label={t('reports.verdicts')} of={t('nav.incidents')} shares={dispositions.map((one) => ({ words: word('disposition', one), n: data.verdicts[one] ?? 0, tone: tones[one] }))} /></Card>
            <Card title={t('reports.sources')}><Shares label={t('reports.sources')} of={t('reports.reports')} shares={data.sources.map((one) => ({ words: one.name, n: one.reports }))} /></Card>
            <Card title={t('reports.kinds')}><Shares label={t('reports.kinds')} of={t('nav.incidents')} shares={Object.entries(data.kinds).map(([name, n]) => ({ words: word('kind', name), n }))} /></Card>
          </div>
        </div>
      )}
    </div>
  );
}
