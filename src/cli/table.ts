import { printableLine } from './printable.ts';

/** Rows as plain text in aligned columns, the header first. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows.map((row) => row.map(printableLine))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Named facts, one a line; what is undefined or null is left out. */
export function formatFacts(facts: Readonly<Record<string, string | number | null | undefined>>): string {
  const known = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, printableLine(String(value))] as const],
  );
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
