import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Where runs keep their journals; workers and horses inherit it. */
export const JOURNAL_VARIABLE = 'PULP_FAULTS_JOURNAL';

/** A run that code was at work in, however it ended, says so at least so often, in milliseconds. */
const TICK_MS = 10;

/** What a run is, and what it touches. */
export interface JournalledRun {
  readonly task: string;
  readonly attempt: number;
  readonly worker: string;
  readonly exclusive: readonly string[];
  readonly shared: readonly string[];
}

/**
 * What a run writes about itself, beside the engine and without it: one file a run, to which a line is appended when it
 * starts, at each tick, and when its code has left. Times are of CLOCK_MONOTONIC in nanoseconds, which all processes of a
 * host share. A run that was cut off has no end; its last tick tells until when it certainly ran.
 *
 * Beside it, each exclusive resource has a file that only one run can make, so that meetings are seen without any clock.
 */
export class RunJournal implements Disposable {
  readonly #file: number;
  readonly #ticking: NodeJS.Timeout;
  readonly #held: readonly string[];

  /** @throws Error EEXIST if this attempt of the task ran before */
  constructor(run: JournalledRun) {
    const folder = process.env[JOURNAL_VARIABLE];
    if (folder === undefined) throw new Error(`${JOURNAL_VARIABLE} is not set`);
    const name = `${run.task}.${run.attempt}`;
    this.#file = openSync(join(folder, `${name}.run`), 'ax');
    this.#write('start', JSON.stringify({ ...run, pid: process.pid }));
    this.#held = run.exclusive.map((resource) => join(folder, `${encodeURIComponent(resource)}.held`));
    for (const path of this.#held) this.#take(path, name);
    this.#ticking = setInterval(() => {
      this.tick();
    }, TICK_MS);
  }

  /** Code that blocks its process calls this by itself, every ten milliseconds. */
  tick(): void {
    this.#write('tick');
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticking);
    for (const path of this.#held) rmSync(path, { force: true });
    this.#write('end');
    closeSync(this.#file);
  }

  /** Takes the resource's file; one that is there is of a run that was cut off, or of one that still goes on. */
  #take(path: string, name: string): void {
    for (;;) {
      try {
        const file = openSync(path, 'wx');
        writeSync(file, name);
        closeSync(file);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        this.#write('found', readFileSync(path, 'utf8'));
        rmSync(path, { force: true });
      }
    }
  }

  #write(what: 'start' | 'tick' | 'found' | 'end', detail = ''): void {
    writeSync(this.#file, `${process.hrtime.bigint()} ${what} ${detail}\n`);
  }
}
