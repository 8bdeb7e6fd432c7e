// A long list: only the rows in sight are in the page, so that a hundred thousand scroll like a hundred.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

const ROW = 36; // as --row
const AHEAD = 100; // rows before the end at which more are asked for

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
  const [view, setView] = useState({ top: 0, height: 600 });
  const template = { gridTemplateColumns: columns.map((column) => column.width).join(' ') };

  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
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

  const first = Math.max(0, Math.floor(view.top / ROW) - 8);
  const end = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW) + 8);
  useEffect(() => {
    if (end >= rows.length - AHEAD) onEnd();
  }, [end, rows.length]);

  return (
    <div class="grid" ref={box} onMouseOver={tellWhole}>
      <div role="grid" aria-label={label} aria-rowcount={rows.length} tabIndex={0} aria-activedescendant={rows[cursor] && `row-${rows[cursor].id}`}>
        <div class="grid-head" role="row" style={template}>
          {columns.map((column) => <div key={column.name} role="columnheader" class={column.number ? 'num' : ''}>{column.title}</div>)}
        </div>
        <div class="grid-space" style={{ height: `${rows.length * ROW}px` }} role="rowgroup">
          {rows.slice(first, end).map((row, i) => {
            const index = first + i;
            return (
              <div key={row.id} id={`row-${row.id}`} role="row" aria-rowindex={index + 1} aria-selected={picked.has(row.id)}
                class={`grid-row ${index === cursor ? 'cursor' : ''} ${picked.has(row.id) ? 'picked' : ''} ${gone?.(row) ? 'gone' : ''}`} title={gone?.(row) ?? undefined}
                style={{ ...template, top: `${index * ROW}px` }} onClick={() => onCursor(index)} onDblClick={() => onOpen(row)}>
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
