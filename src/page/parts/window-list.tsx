import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** How many rows are there beyond those that can be seen, on each side. */
const BEYOND = 8;

/** What a list is made of. */
export interface WindowListProps<Row> {
  readonly label: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly render: (row: Row) => ComponentChildren;
  /** More of its rows' classes. */
  readonly rowClass?: string;
  /** Whether there are more rows than these. */
  readonly hasMore: boolean;
  /** Brings more rows, once the last ones come into view. */
  readonly more: () => void;
  /** Is told which rows can be seen. */
  readonly see?: (rows: readonly Row[]) => void;
}

/** A table of any length, of which only the rows that can be seen are made. What is seen stays where it is when rows come before it. */
export function WindowList<Row>(props: WindowListProps<Row>) {
  const { label, columns, rows, keyOf, render, hasMore, more, see, rowClass = '' } = props;
  const body = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ key: string; index: number } | undefined>(undefined);
  const [view, setView] = useState({ top: 0, height: 800, row: 44 });
  const first = Math.max(0, Math.floor(view.top / view.row) - BEYOND);
  const end = Math.min(rows.length, Math.ceil((view.top + view.height) / view.row) + BEYOND);
  const seen = rows.slice(first, end);

  useLayoutEffect(() => {
    const element = body.current;
    if (element === null) return;
    const measure = () => {
      const row = parseFloat(getComputedStyle(element).getPropertyValue('--row-height')) || 44;
      setView({ top: element.scrollTop, height: element.clientHeight, row });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => {
      observer.disconnect();
    };
  }, []);

  useLayoutEffect(() => {
    const element = body.current;
    const held = anchor.current;
    if (element !== null && held !== undefined && element.scrollTop > 0) {
      const index = rows.findIndex((row) => keyOf(row) === held.key);
      if (index !== -1 && index !== held.index) element.scrollTop += (index - held.index) * view.row;
    }
    const index = Math.floor(view.top / view.row);
    const row = rows[index];
    anchor.current = row === undefined ? undefined : { key: keyOf(row), index };
  }, [rows, view]);

  useEffect(() => {
    see?.(seen);
    if (hasMore && end >= rows.length - BEYOND) more();
  }, [rows, first, end, hasMore]);

  return (
    <div class="table" role="table" aria-label={label} aria-rowcount={hasMore ? -1 : rows.length + 1}>
      <div class={`row head ${rowClass}`} role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <span role="columnheader" key={column} class={column.startsWith('(') ? 'hidden-text' : undefined}>
            {column}
          </span>
        ))}
      </div>
      <div
        class="rows"
        role="rowgroup"
        ref={body}
        tabIndex={0}
        aria-label={`${label}: rows`}
        onScroll={({ currentTarget: { scrollTop, clientHeight } }) => {
          setView((before) => ({ ...before, top: scrollTop, height: clientHeight }));
        }}
      >
        <div role="presentation" style={{ height: `${rows.length * view.row}px` }}>
          {seen.map((row, index) => (
            <div
              class={`row ${rowClass}`}
              role="row"
              key={keyOf(row)}
              aria-rowindex={first + index + 2}
              style={{ transform: `translateY(${(first + index) * view.row}px)` }}
            >
              {render(row)}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
