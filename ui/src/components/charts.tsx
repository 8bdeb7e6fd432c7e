// Charts, drawn by ourselves: bars are all that is needed, and each says in a table what it shows.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { locale, t } from '../i18n';

export interface Series {
  words: string;
  tone: 'accent' | 'moderate' | 'critical' | 'good' | 'plain';
  values: number[];
  /** false: their sum says nothing. */
  sum?: boolean;
  /** false: only in the table. */
  drawn?: boolean;
}

const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 22;

/** The least round number that is no less: 1, 2, 4, 6, 8, 10, 20, 40 … */
function roundUp(n: number): number {
  const size = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
  return [1, 2, 4, 6, 8, 10].map((step) => step * size).find((step) => step >= n) ?? n;
}

const number = (n: number) => n.toLocaleString(locale.value);

const WIDEST = 48; // of a bar: one alone is no wall

/** The width that there is for something. */
function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const take = (wide: number) => setWidth(Math.max(280, Math.round(wide)));
    take(box.current!.clientWidth); // before it is seen at another width
    const observer = new ResizeObserver((entries) => take(entries[0]!.contentRect.width));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

/** Columns over time: one a label, the series of one beside each other. */
export function Columns({ label, labels, series: all, first, foot }: { label: string; labels: string[]; series: Series[]; first?: string; foot?: ComponentChildren }) {
  const series = all.filter((one) => one.drawn !== false);
  const [box, width] = useWidth();
  const top = roundUp(Math.max(1, ...series.flatMap((one) => one.values)));
  const inner = width - LEFT;
  const step = Math.min(inner / Math.max(labels.length, 1), WIDEST * series.length);
  const bar = Math.max(1, (step - (step > 6 ? 2 : 0)) / series.length);
  const high = (n: number) => (HEIGHT - BOTTOM - 8) * (n / top);
  const every = Math.ceil(labels.length / Math.max(2, Math.floor(inner / 90)));
  return (
    <figure class="chart" ref={box}>
      <figcaption class="row">{series.map((one) => <span key={one.words} class={`row tone-${one.tone}`}><span class="dot" />{one.words}{one.sum !== false && <strong>{number(one.values.reduce((sum, n) => sum + n, 0))}</strong>}</span>)}</figcaption>
      <svg role="img" aria-label={label} width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`}>
        {[0, 0.5, 1].map((part) => {
          const y = HEIGHT - BOTTOM - high(top * part);
          return <g key={part}><line class="rule" x1={LEFT} x2={width} y1={y} y2={y} />{(part !== 0.5 || top > 1) && <text class="tick" x={LEFT - 6} y={y + 4} text-anchor="end">{number(top * part)}</text>}</g>;
        })}
        {labels.map((name, i) => (
          <g key={i}>
            {series.map((one, s) => {
              const n = one.values[i] ?? 0;
              return n > 0 && <rect key={s} class={`tone-${one.tone}`} x={LEFT + i * step + s * bar + 1} y={HEIGHT - BOTTOM - Math.max(1, high(n))} width={Math.max(1, bar - 1)} height={Math.max(1, high(n))}><title>{`${name}: ${number(n)} ${one.words}`}</title></rect>;
            })}
            {i % every === 0 && <text class="tick" x={LEFT + i * step + step / 2} y={HEIGHT - 6} text-anchor={i === 0 ? 'start' : 'middle'}>{name}</text>}
          </g>
        ))}
      </svg>
      <AsTable label={label} head={[first ?? t('chart.day'), ...all.map((one) => one.words)]} rows={labels.map((name, i) => [name, ...all.map((one) => one.values[i] ?? 0)])} />
      {foot}
    </figure>
  );
}

export interface Share {
  words: string;
  n: number;
  tone?: Series['tone'];
}

/** A bar each, the longest as long as there is room: read as the table it is. */
export function Shares({ label, of, shares }: { label: string; of: string; shares: Share[] }) {
  const most = Math.max(1, ...shares.map((one) => one.n));
  return (
    <table class="shares" aria-label={label}>
      <thead class="visually-hidden"><tr><th>{label}</th><th>{of}</th></tr></thead>
      <tbody>
        {shares.map((one) => (
          <tr key={one.words}>
            <th scope="row" class="break">{one.words}</th>
            <td><span class={`share tone-${one.tone ?? 'accent'}`} style={{ width: `${(100 * one.n) / most}%` }} /></td>
            <td class="num">{number(one.n)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What a chart shows, for who would rather read it, or have it read. */
function AsTable({ label, head, rows }: { label: string; head: string[]; rows: (string | number)[][] }) {
  return (
    <details class="as-table">
      <summary>{t('chart.table')}</summary>
      <div class="table">
        <table aria-label={label}>
          <thead><tr>{head.map((cell, i) => <th key={i} scope="col" class={i ? 'num' : ''}>{cell}</th>)}</tr></thead>
          <tbody>{rows.map((row, i) => <tr key={i}>{row.map((cell, j) => (j ? <td key={j} class="num">{typeof cell === 'number' ? number(cell) : cell}</td> : <th key={j} scope="row">{cell}</th>))}</tr>)}</tbody>
        </table>
      </div>
    </details>
  );
}
