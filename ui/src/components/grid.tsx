// A long list: only the rows in sight are in the page, so that a hundred thousand scroll like a hundred.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useLater } from '../base/load';

const ROW = 36; // as --row
const AHEAD = 100; // rows before the end at which more are asked for
const BESIDE = 8; // rows on both sides of those in sight

export interface Column<T> {
  name: string;
  title: ComponentChildren;
  /** As grid-template-columns takes it. */
  width: string;
  cell: (row: T) => ComponentChildren;
  number?: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  cursor: number;
  picked: ReadonlySet<number>;
  onCursor: (index: number) => void;
  onOpen: (row: T) => void;
  onEnd: () => void;
  foot?: ComponentChildren;
  /** Why a row does not belong here any more, if so: it stays, and says that. */
  gone?: (row: T) => string | null;
}

/** What a cell has no room for is said to who stays on it. */
function tellWhole(event: { target: EventTarget | null }): void {
  const cell = (event.target as Element | null)?.closest<HTMLElement>('.clip');
  if (cell) cell.title = cell.scrollWidth > cell.clientWidth && !cell.querySelector('[title]') ? cell.textContent ?? '' : '';
}

export function Grid<T extends { id: number }>({ label, columns, rows, cursor, picked, onCursor, onOpen, onEnd, foot, gone }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  // in rows: nothing is drawn anew before there is another one in sight, and none before it is known how many there is room for
  const [top, setTop] = useState(0);
  const [room, setRoom] = useState(0);
  const beside = useLater() ? BESIDE : 0;

  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => {
      setTop(Math.floor(element.scrollTop / ROW));
      setRoom(Math.ceil(element.clientHeight / ROW) + 1);
    };
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    measure();
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);

  useEffect(() => {
    const element = box.current!;
    const top = cursor * ROW;
    if (cursor < 0) return;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW + 36 > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW + 36 - element.clientHeight;
  }, [cursor]);

  const first = Math.max(0, top - beside);
  const end = room ? Math.min(rows.length, top + room + beside) : 0;
  useEffect(() => {
    if (room && end >= rows.length - AHEAD) onEnd();
  }, [end, rows.length, room > 0]);

  return (
    <div class="grid" ref={box} style={{ '--columns': columns.map((column) => column.width).join(' ') }} onMouseOver={tellWhole}>
      <div role="grid" aria-label={label} aria-rowcount={rows.length} tabIndex={0} aria-activedescendant={rows[cursor] && `row-${rows[cursor].id}`}>
        <div class="grid-head" role="row">
          {columns.map((column) => <div key={column.name} role="columnheader" class={column.number ? 'num' : ''}>{column.title}</div>)}
        </div>
        <div class="grid-space" style={{ height: `${rows.length * ROW}px` }} role="rowgroup">
          {rows.slice(first, end).map((row, i) => {
            const index = first + i;
            const why = gone?.(row) ?? undefined;
            return (
              <div key={row.id} id={`row-${row.id}`} role="row" aria-rowindex={index + 1} aria-selected={picked.has(row.id)}
                class={`grid-row ${index === cursor ? 'cursor' : ''} ${picked.has(row.id) ? 'picked' : ''} ${why ? 'gone' : ''}`} title={why}
                style={`top: ${index * ROW}px`} onClick={() => onCursor(index)} onDblClick={() => onOpen(row)}>
                {columns.map((column) => <div key={column.name} role="gridcell" class={column.number ? 'num' : 'clip'}>{column.cell(row)}</div>)}
              </div>
            );
          })}
        </div>
      </div>
      {foot}
    </div>
  );
}
