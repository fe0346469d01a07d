import { printableLine } from './printable.ts';

/** How far the lines that continue a row stand in. */
const INDENT = '  ';

/**
 * Rows as plain text in aligned columns, the header first. Where they are wider than the terminal, each row goes on in a line
 * of its own from a column on, so that nothing is cut; what is piped has one line a row.
 *
 * @param room how many characters a line has
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  room: number = terminalWidth(),
): string {
  const cells = [header, ...rows.map((row) => row.map(printableLine))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const begins = lineBegins(widths, room);
  return cells
    .flatMap((row) => {
      const padded = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
      return begins
        .map((begin, line) =>
          `${line === 0 ? '' : INDENT}${padded.slice(begin, begins[line + 1]).join('  ')}`.trimEnd(),
        )
        .filter((text, line) => line === 0 || text !== '');
    })
    .join('\n');
}

/** The columns with which the lines of a row begin. */
function lineBegins(widths: readonly number[], room: number): readonly number[] {
  const begins = [0];
  let taken = 0;
  widths.forEach((width, column) => {
    if (column > 0 && taken + width > room) {
      begins.push(column);
      taken = INDENT.length;
    }
    taken += width + 2;
  });
  return begins;
}

function terminalWidth(): number {
  return (process.stdout.isTTY && process.stdout.columns) || Infinity;
}

/** Named facts, one a line; what is undefined or null is left out. */
export function formatFacts(facts: Readonly<Record<string, string | number | null | undefined>>): string {
  const known = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, printableLine(String(value))] as const],
  );
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
