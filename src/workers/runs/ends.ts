import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PulpError } from '../../errors.ts';
import { isRetryable, sqlFailure } from '../../postgres/sql-error.ts';
import { failed } from './outcome.ts';
import type { FinishedRun, Refusals } from './run-records.ts';

/** After how many milliseconds the end of a run is reported again whose task was locked. */
const HELD_MS = 100;

/** How many ends are recorded at once. */
const BATCH = 1000;

/** Under load, ends are gathered for so long, in milliseconds, while other runs go on: round trips cost more than waiting. */
const GATHER_MS = 1;

/** Under load: the last ends were recorded less than so long ago, in milliseconds. */
const BUSY_MS = 10;

/** SQLSTATEs by which the database says that it cannot take a value, whenever it is asked. */
const BAD_VALUE = /^(22|23|54)/;

/**
 * The ends of a worker's runs that are to be recorded. One that the database cannot take is narrowed down to, and fails
 * alone; one whose task somebody holds locked just now is reported again after a pause.
 */
export class Ends {
  readonly #log: Logger;
  readonly #onChange: () => void;
  #due: FinishedRun[] = [];
  readonly #held = new Set<FinishedRun>();
  /** Something failed: what has ended is recorded by itself, so many at once, so that nothing else stands in its way. */
  #atMost: number | undefined;
  #recordedAt = -Infinity;
  #isDropped = false;

  constructor(log: Logger, onChange: () => void) {
    this.#log = log;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#due.length + this.#held.size;
  }

  /** Whether there is something to record now. */
  get areDue(): boolean {
    return this.#due.length > 0;
  }

  /** Whether they are recorded by themselves, until what failed is found. */
  get areSuspect(): boolean {
    return this.#atMost !== undefined;
  }

  get fences(): readonly string[] {
    return [...this.#due, ...this.#held].map(({ fence }) => fence);
  }

  add(...runs: readonly FinishedRun[]): void {
    this.#due.push(...runs);
    this.#onChange();
  }

  /** Waits a moment for others, if ends come thick and fast. */
  async gather(): Promise<void> {
    if (performance.now() - this.#recordedAt < BUSY_MS) await pause(GATHER_MS);
  }

  /**
   * Records those that are due, or as many as may be recorded at once. Those of runs that are no longer ours are dropped,
   * and nobody else is touched by it.
   *
   * @param send gives what it did not record
   * @returns how many were recorded
   */
  async record(send: (runs: readonly FinishedRun[]) => Promise<Refusals>): Promise<number> {
    const batch = this.#due.slice(0, this.#atMost ?? BATCH);
    const { held, fenced } = await send(batch);
    this.#due = this.#due.slice(batch.length);
    if (!this.areDue) this.#atMost = undefined;
    this.#recordedAt = performance.now();
    if (fenced.size > 0) {
      this.#log.warn({ tasks: [...fenced] }, 'ends of runs that are not ours any more were dropped');
    }
    if (held.size > 0) this.#holdBack(batch.filter(({ id }) => held.has(id)));
    return batch.length - held.size - fenced.size;
  }

  /** A step failed: says whether one of these may be what the database cannot take, and if it is only one, has it fail. */
  suspect(error: unknown): boolean {
    const code = sqlFailure(error instanceof PulpError ? error.cause : error)?.code ?? '';
    const isBadValue = !isRetryable(error) && BAD_VALUE.test(code);
    if (this.#atMost === 1 && isBadValue) this.#replaceNext(error);
    else this.#atMost = isBadValue ? 1 : (this.#atMost ?? BATCH);
    return isBadValue;
  }

  /** The lease is over, and with it our say in how these runs ended. */
  drop(): void {
    this.#isDropped = true;
    this.#due = [];
    this.#held.clear();
  }

  #replaceNext(error: unknown): void {
    const [next, ...others] = this.#due;
    if (next === undefined) return;
    const outcome = failed(error, { code: 'RESULT_REFUSED', retry: false });
    this.#due = [{ ...outcome, id: next.id, attempt: next.attempt, fence: next.fence }, ...others];
  }

  #holdBack(runs: readonly FinishedRun[]): void {
    for (const run of runs) this.#held.add(run);
    setTimeout(() => {
      if (this.#isDropped) return;
      for (const run of runs) this.#held.delete(run);
      this.add(...runs);
    }, HELD_MS);
  }
}
