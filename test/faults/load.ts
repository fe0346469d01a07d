import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { enqueueMany, PulpError, type EnqueueRequest, type TaskType } from '../../src/index.ts';
import { isConnectionFailure } from '../../src/postgres/sql-error.ts';
import { eventually } from './eventually.ts';
import * as types from './task-types.ts';

/** One batch in so many milliseconds. */
const BATCH_MS = 100;

/** Who has no answer asks again after so many milliseconds. */
const AGAIN_MS = 50;

export interface LoadSettings {
  /** Tasks a second. */
  readonly rate: number;
  /** What can be claimed: two or more. */
  readonly resources: readonly string[];
  /** The kinds of tasks; default `ALL_KINDS`. */
  readonly kinds?: readonly TaskType[];
  /** How long runs take, from and to, in milliseconds; default 5 to 60. */
  readonly ms?: readonly [number, number];
}

/** Every policy for lost workers, in horses and inline. */
export const ALL_KINDS: readonly TaskType[] = [
  types.inlineCanceled,
  types.horseRetried,
  types.inlineRetried,
  types.horseCanceled,
  types.inlineFailed,
  types.horseFailed,
];

/**
 * A caller that enqueues tasks at an even rate and notes which of them were acknowledged. It gives up none: a batch without
 * an answer is sent again, with the same ids, until it has one. Of every four tasks one claims a resource for itself, one
 * shares one, one does both with two, and one claims nothing.
 */
export class Load implements AsyncDisposable {
  /** The ids of the tasks that were acknowledged, in order. */
  readonly acknowledged: string[] = [];
  /** How often a batch had to be sent again. */
  repeats = 0;
  readonly #settings: LoadSettings;
  readonly #stopping = new AbortController();
  #isGivenUp = false;
  readonly #life: Promise<void>;
  #state = 2463534242;

  private constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#life = this.#live();
    this.#life.catch(() => undefined); // told by stop
  }

  static start(settings: LoadSettings): Load {
    return new Load(settings);
  }

  /** Resolves when so many tasks are acknowledged. */
  async reached(count: number): Promise<void> {
    await eventually(`${count} tasks are acknowledged`, () => this.acknowledged.length >= count);
  }

  /** Ends the load once its last batch is acknowledged. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#life;
  }

  /** Enqueues these tasks as well, which need ids of their own; resolves when they are acknowledged. */
  async enqueue(requests: readonly EnqueueRequest[]): Promise<void> {
    for (;;) {
      try {
        const handles = await enqueueMany(requests);
        this.acknowledged.push(...handles.map((handle) => handle.id));
        return;
      } catch (error) {
        if (this.#isGivenUp || !isUnreachable(error)) throw error;
        this.repeats += 1;
        await pause(AGAIN_MS);
      }
    }
  }

  /** Ends the load, whether its last batch is acknowledged or not. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isGivenUp = true;
    await this.stop().catch(() => undefined); // who wants to know calls stop
  }

  async #live(): Promise<void> {
    const batch = Math.max(1, Math.round((this.#settings.rate * BATCH_MS) / 1000));
    let next = performance.now();
    while (!this.#stopping.signal.aborted) {
      await this.enqueue(Array.from({ length: batch }, () => this.#request()));
      next = Math.max(next + BATCH_MS, performance.now()); // what could not be sent in time is not made up for
      await pause(Math.max(0, next - performance.now()), undefined, { signal: this.#stopping.signal }).catch(
        () => undefined,
      );
    }
  }

  #request(): EnqueueRequest {
    const { resources, kinds = ALL_KINDS, ms: [least, most] = [5, 60] } = this.#settings;
    const task = kinds[this.#draw(kinds.length)];
    if (task === undefined) throw new RangeError('a load needs kinds of tasks');
    const one = this.#draw(resources.length);
    const other = (one + 1 + this.#draw(resources.length - 1)) % resources.length;
    const claims = this.#draw(4);
    const exclusive = claims === 0 || claims === 2 ? resources.slice(one, one + 1) : [];
    const shared = claims === 1 || claims === 2 ? resources.slice(other, other + 1) : [];
    return {
      id: randomUUID(),
      task,
      kwargs: { ms: least + this.#draw(most - least + 1), exclusive, shared },
      resources: exclusive,
      sharedResources: shared,
    };
  }

  /** A number from 0 to below `count`, of a sequence that looks random and is the same in every run. */
  #draw(count: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % count;
  }
}

/** Whether an error says that the database could not be reached: it is worth trying again. */
function isUnreachable(error: unknown): boolean {
  return isConnectionFailure(error) || (error instanceof PulpError && error.code === 'DATABASE_UNREACHABLE');
}
