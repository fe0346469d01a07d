import type { Logger } from 'pino';
import type { Outcome, TaskError } from './outcome.ts';
import type { StartedTask } from './run-records.ts';

/** How many lines of tasks there are within an interval, in milliseconds: what comes beyond that is told in one, for it would cost more than the tasks. */
const MOST_LINES = 200;
const INTERVAL_MS = 1000;

/** A line in the log for each start and each end of a run; failures are warnings. */
export class RunLog {
  readonly #log: Logger;
  #begunAt = -Infinity;
  #lines = 0;
  /** What there was no line for, by what became of it. */
  readonly #left = new Map<string, number>();
  #telling: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  started({ id, name, attempt }: StartedTask): void {
    if (this.#hasRoom('started')) this.#log.info({ task: id, name, attempt }, 'task started');
  }

  ended({ id, name, attempt }: StartedTask, outcome: Outcome, ms: number): void {
    if (!this.#hasRoom(outcome.outcome)) return;
    const fields = { task: id, name, attempt, ms: Math.round(ms) };
    switch (outcome.outcome) {
      case 'completed':
        this.#log.info(fields, 'task completed');
        break;
      case 'failed': {
        const { code, message } = JSON.parse(outcome.error) as TaskError;
        this.#log.warn({ ...fields, code }, `task failed: ${message}`);
        break;
      }
      case 'canceled':
        this.#log.info({ ...fields, reason: outcome.reason }, 'task canceled');
        break;
      case 'interrupted':
        this.#log.info({ ...fields, reason: outcome.reason, by: outcome.by }, 'task interrupted');
        break;
    }
  }

  #hasRoom(what: string): boolean {
    const now = performance.now();
    if (now - this.#begunAt >= INTERVAL_MS) {
      this.#begunAt = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= MOST_LINES) return true;
    this.#left.set(what, (this.#left.get(what) ?? 0) + 1);
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      const left = Object.fromEntries(this.#left);
      this.#left.clear();
      const level = left['failed'] === undefined ? 'info' : 'warn';
      this.#log[level](left, 'more tasks started and ended than there are lines for');
    }, INTERVAL_MS).unref();
    return false;
  }
}
