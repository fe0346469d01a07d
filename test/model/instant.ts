/**
 * A point in time as Postgres writes it in JSON, in one spelling: UTC, six digits of a second. Instants can be compared
 * as texts.
 */
export function instant(written: string): string {
  const parts = /^(.+?)(?:\.(\d{1,6}))?(Z|[+-]\d{2}(?::\d{2})?)$/.exec(written);
  const second = parts === null ? Number.NaN : Date.parse(`${parts[1]}${parts[3] === 'Z' ? '' : parts[3]}`);
  if (parts === null || Number.isNaN(second)) throw new Error(`not a point in time: ${written}`);
  return `${new Date(second).toISOString().slice(0, 19)}.${(parts[2] ?? '').padEnd(6, '0')}Z`;
}

/** The same for a column that may be empty, or without end. */
export function instantOrNull(written: unknown): string | null {
  if (written === 'infinity') return written;
  return typeof written === 'string' ? instant(written) : null;
}

/** Seconds from one instant to another, to the microsecond. */
export function secondsBetween(from: string, to: string): number {
  const micros = (at: string) =>
    BigInt(Date.parse(at.replace(/\d{3}Z$/, 'Z'))) * 1000n + BigInt(at.slice(-4, -1));
  return Number(micros(to) - micros(from)) / 1e6;
}
