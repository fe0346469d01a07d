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

/** The code of every task. A contestant calls it, and awaits it, once a task. */
export async function noop(_payload: unknown): Promise<void> {}
