import assert from 'node:assert/strict';
import { Command, workerAt } from '../command.ts';
import { compareRank, type EngineModel, type ModelWorker } from '../engine-model.ts';
import type { Started } from '../engine-under-test.ts';

/** A worker takes so many tasks at most. */
export function start(index: number, atMost: number): Command {
  return new Command(
    `worker ${index} starts ${atMost}`,
    async (model, engine) => {
      const worker = workerAt(model, index);
      const { runs, putBack } = await engine.start(worker, atMost);
      const started = runs.map(({ id }) => id);
      assertNext(model, worker, atMost, new Set([...started, ...putBack]));
      begin(model, worker, { runs, putBack });
    },
    (model) => workerAt(model, index).state === 'online',
  );
}

/** What was taken is started in the model, too, unless its resources are locked: that is put back. */
export function begin(model: EngineModel, worker: ModelWorker, { runs, putBack }: Started): void {
  const started = runs.map(({ id }) => id);
  const lockedOut = [...started, ...putBack].filter(
    (id) =>
      model.isLockedOut(id, worker.session) || model.isPaused({ claims: model.tasks.get(id)?.claims ?? [] }),
  );
  assert.deepEqual(
    lockedOut.sort(),
    [...putBack].sort(),
    'those whose resources are locked or paused are put back',
  );
  model.start(worker, started, putBack);
  for (const { id, attempt } of runs) assert.equal(attempt, model.tasks.get(id)?.attempt);
}

/** What was taken is what came next: queue after queue, by priority, then by time of delivery. */
export function assertNext(
  model: EngineModel,
  worker: ModelWorker,
  atMost: number,
  taken: Set<string>,
): void {
  let room = atMost;
  for (const queue of worker.queues) {
    const waiting = model.deliverable(worker, queue);
    const fromHere = waiting.filter(({ id }) => taken.delete(id));
    assert.equal(
      fromHere.length,
      Math.min(room, waiting.length),
      `as many from ${queue} as there is room for`,
    );
    const last = fromHere.at(-1);
    if (last !== undefined) {
      const passedOver = waiting.filter(
        (task) => !fromHere.includes(task) && compareRank(task.rank, last.rank) < 0,
      );
      assert.deepEqual(passedOver, [], `the next of ${queue} come first`);
    }
    room -= fromHere.length;
  }
  assert.deepEqual([...taken], [], 'nothing that cannot be delivered');
}
