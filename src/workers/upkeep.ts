import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Log } from '../log.ts';

/** What the thread is told when it is made. */
export interface UpkeepData {
  readonly databaseUrl: string;
  readonly worker: string;
  readonly standIn: boolean;
  /** One Int32: how many tasks were finished since the latest sign of life. */
  readonly finished: SharedArrayBuffer;
}

/** What a worker says to its thread. */
export type ToUpkeep =
  /** Beat for this birth; undefined: for none. */
  { readonly type: 'born'; readonly incarnation: string | undefined } | { readonly type: 'stop' };

/** What the thread says to its worker. */
export type FromUpkeep =
  | {
      readonly type: 'log';
      readonly level: keyof Log;
      readonly fields: object;
      readonly message: string;
    }
  /** The runs of the present birth must end at once. */
  | { readonly type: 'given up'; readonly why: string };

export interface UpkeepSettings extends Omit<UpkeepData, 'finished'> {
  readonly log: Log;
  readonly onGivenUp: (why: string) => void;
}

const THREAD_FILE = new URL(`./upkeep-thread${extname(import.meta.url)}`, import.meta.url);

/** How long the thread may take to end its connections, in milliseconds. */
const STOP_MS = 2000;

/**
 * What a worker does beside running tasks: it gives signs of life and stands for election as resource manager. That has
 * a thread of its own, so that code of a task that holds up the worker's event loop makes nobody think the worker dead,
 * and holds up nobody's reservations.
 */
export class Upkeep implements AsyncDisposable {
  readonly #settings: UpkeepSettings;
  readonly #finished = new SharedArrayBuffer(4);
  readonly #counter = new Int32Array(this.#finished);
  #thread: Worker | undefined;
  #incarnation: string | undefined;

  constructor(settings: UpkeepSettings) {
    this.#settings = settings;
  }

  /** Beats for this birth from now on, undefined: for none; stands for election from the first birth on. */
  beatFor(incarnation: string | undefined): void {
    this.#incarnation = incarnation;
    if (incarnation !== undefined) this.#thread ??= this.#begin();
    this.#tell({ type: 'born', incarnation });
  }

  /** Counts tasks that were finished, for the rate that the next sign of life tells. */
  countFinished(tasks: number): void {
    Atomics.add(this.#counter, 0, tasks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#thread = undefined;
    const ended = once(thread, 'exit');
    thread.postMessage({ type: 'stop' } satisfies ToUpkeep);
    const late = new AbortController();
    await Promise.race([ended, pause(STOP_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    await thread.terminate();
  }

  #begin(): Worker {
    const { log, onGivenUp, databaseUrl, worker, standIn } = this.#settings;
    const workerData: UpkeepData = { databaseUrl, worker, standIn, finished: this.#finished };
    const thread = new Worker(THREAD_FILE, { workerData });
    thread.on('message', (message: FromUpkeep) => {
      if (message.type === 'log') log[message.level](message.fields, message.message);
      else onGivenUp(message.why);
    });
    thread.on('error', (error: unknown) => {
      log.error({ err: error }, 'the upkeep of the worker failed; it begins anew');
    });
    thread.on('exit', () => {
      if (this.#thread !== thread) return;
      this.#thread = this.#begin();
      this.#tell({ type: 'born', incarnation: this.#incarnation });
    });
    return thread;
  }

  #tell(message: ToUpkeep): void {
    this.#thread?.postMessage(message);
  }
}
