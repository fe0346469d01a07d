import { fstatSync } from 'node:fs';

/** Priorities of syslog(3) that our lines have. */
export const PRIORITY = { critical: 2, error: 3, warning: 4, info: 6, debug: 7 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

/** The priority of a line of a log, from its level as pino counts them. */
export function priorityOf(level: number): Priority {
  if (level >= 60) return PRIORITY.critical;
  if (level >= 50) return PRIORITY.error;
  if (level >= 40) return PRIORITY.warning;
  return level >= 30 ? PRIORITY.info : PRIORITY.debug;
}

/** Whether a file handle leads to the journal of systemd, as `JOURNAL_STREAM` (DEVICE:INODE) says. */
export function isJournal(handle: number, environment: NodeJS.ProcessEnv = process.env): boolean {
  const stream = environment['JOURNAL_STREAM'];
  if (stream === undefined || stream === '') return false;
  try {
    const { dev, ino } = fstatSync(handle, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** The journal cuts lines that are longer, priority included, in bytes. What comes after the cut could set a priority. */
const MAX_LINE = 48 * 1024 - 16;

const NEWLINE = 0x0a;

/**
 * Lines as the journal takes them: each begins with its priority, so that none has another by what it begins with, and none
 * is so long that the journal would cut it.
 */
export function journalLines(output: string | Uint8Array, priority: Priority): Buffer {
  const bytes = Buffer.from(output);
  const prefix = Buffer.from(`<${priority}>`);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, at);
    const lineEnd = newline < 0 ? bytes.length : newline;
    const end = lineEnd - at > MAX_LINE ? wholeCharacters(bytes, at, at + MAX_LINE) : lineEnd;
    parts.push(prefix, bytes.subarray(at, end), Buffer.of(NEWLINE));
    at = end === newline ? end + 1 : end;
  }
  return Buffer.concat(parts);
}

/** The last place up to which no character of UTF-8 is cut; as given, if it is no UTF-8. */
function wholeCharacters(bytes: Buffer, from: number, to: number): number {
  for (let end = to; end > Math.max(from, to - 4); end -= 1) {
    if (((bytes[end] ?? 0) & 0b1100_0000) !== 0b1000_0000) return end;
  }
  return to;
}

/** How many lines of tasks the journal is given within an interval, in milliseconds; well below what a service may write at all. */
const TASK_LINES = 30_000;
const INTERVAL_MS = 30_000;

/** Counts out how many lines of tasks may still go into the journal, so that those of the worker always find room. */
export class JournalBudget {
  #left = TASK_LINES;
  #begunAt = -Infinity;

  /**
   * Whether these bytes may go; they are counted.
   *
   * @param now in milliseconds, by a clock that never steps
   */
  takes(output: Uint8Array, now: number): boolean {
    if (now - this.#begunAt >= INTERVAL_MS) {
      this.#begunAt = now;
      this.#left = TASK_LINES;
    }
    if (this.#left <= 0) return false;
    for (let at = output.indexOf(NEWLINE); at >= 0; at = output.indexOf(NEWLINE, at + 1)) this.#left -= 1;
    return true;
  }

  /** When there is room again, in milliseconds from now. */
  pauseMs(now: number): number {
    return Math.max(0, this.#begunAt + INTERVAL_MS - now);
  }
}
