import { span, type Line } from './line.ts';

/** Rows of text under their columns' names. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** What stands in one column; empty if there is no such column. */
export function columnOf(table: Table | undefined, column: string): (string | null)[] {
  const at = table?.columns.indexOf(column) ?? -1;
  return table === undefined || at < 0 ? [] : table.rows.map((row) => row[at] ?? null);
}

/** A table as psql would draw it; figures are set to the right. */
export function drawTable({ columns, rows }: Table): Line[] {
  const widths = columns.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const figures = columns.map((_, at) => rows.every((row) => /^-?[\d.]*$/.test(row[at] ?? '')));
  const line = (cells: readonly (string | null)[]) =>
    cells
      .map((cell, at) =>
        figures[at] ? (cell ?? '').padStart(widths[at] ?? 0) : (cell ?? '').padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [
    [span(line(columns), 'bold')],
    [span(widths.map((width) => '─'.repeat(width)).join('  '), 'dim')],
    ...rows.map((row) => [line(row)]),
  ];
}
