/** What every contestant is given to do: the same tasks with the same payload, enqueued in the same batches. */

/** A task's payload; small, so that the engines are measured and not the JSON parser. */
export interface Payload {
  readonly number: number;
}

/** How many tasks go into one enqueue call. */
export const ENQUEUE_BATCH = 1_000;

/** The payloads of `count` tasks, at most ENQUEUE_BATCH a batch. */
export function* payloadBatches(count: number): Generator<Payload[]> {
  for (let first = 0; first < count; first += ENQUEUE_BATCH) {
    const size = Math.min(ENQUEUE_BATCH, count - first);
    yield Array.from({ length: size }, (_, index) => ({ number: first + index }));
  }
}

/** Counts the tasks that run in this process. */
class Runs {
  #count = 0;
  readonly #awaited = new Map<number, (time: number) => void>();

  /** Counts from 0 again; whoever still waits is forgotten. */
  reset(): void {
    this.#count = 0;
    this.#awaited.clear();
  }

  add(): void {
    this.#count += 1;
    this.#awaited.get(this.#count)?.(performance.now());
  }

  /** Resolves when `count` tasks have run since the last reset, to the time of that, in ms. Call it before they run. */
  async reached(count: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#awaited.set(count, resolve);
    return promise;
  }
}

export const runs = new Runs();

/** The code of every task. A contestant calls it, and awaits it, once a task. */
export function noop(_payload: unknown): Promise<void> {
  runs.add();
  return Promise.resolve();
}
