import { PulpError } from './errors.ts';

/** A century: what is longer cannot be counted back from now. */
const LONGEST_MS = 36_525 * 86_400_000;

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * A length of time in milliseconds from a text such as `500ms`, `30s`, `10m`, `2h`, `1d`, `1w`; a bare number is seconds.
 *
 * @param what names the value in the error
 * @throws PulpError INVALID_INPUT if it cannot be read
 */
export function parseDuration(text: string, what: string): number {
  const [, number, unit = 's'] = /^(\d{1,10}(?:\.\d{1,6})?)(ms|s|m|h|d|w)?$/.exec(text) ?? [];
  const ms = Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (!(ms <= LONGEST_MS)) {
    throw new PulpError('INVALID_INPUT', `${what}: ${JSON.stringify(text)} is not a length of time`, {
      remedy: 'Give a number of seconds, or a text such as 500ms, 30s, 10m, 2h, 1d, 1w; at most 36525d.',
      exitCode: 2,
    });
  }
  return ms;
}

/** What SQL takes for a length of time: a bare number as such, so that it means seconds, else the text. */
export function sqlDuration(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/**
 * A length of time in short, such as `12ms`, `3.4s`, `5m 2s`, `3h 20m`, `2d 4h`. Between two readings of a clock that was
 * put back there is none.
 */
export function formatDuration(length: number): string {
  const ms = Math.max(0, length);
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  const [large, small] =
    ms < 3_600_000 ? (['m', 's'] as const) : ms < 86_400_000 ? (['h', 'm'] as const) : (['d', 'h'] as const);
  return `${Math.floor(ms / UNITS_MS[large])}${large} ${Math.floor((ms % UNITS_MS[large]) / UNITS_MS[small])}${small}`;
}
