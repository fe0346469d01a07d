import assert from 'node:assert/strict';
import { Command, workerAt } from '../command.ts';
import type { Ending } from './report.ts';
import { assertNext, begin } from './start.ts';

/**
 * A worker says of its runs how they ended and takes so many tasks at most: what its queues hold, then those that come next on
 * what it let go of. Alone with its work and with hands left, it takes all of these.
 */
export function turn(index: number, endings: readonly Ending[], atMost: number): Command {
  return new Command(
    `worker ${index} finishes ${JSON.stringify(endings)} and starts ${atMost}`,
    async (model, engine) => {
      const worker = workerAt(model, index);
      const ended = model.runs(worker).slice(0, endings.length);
      const reports = ended.flatMap(({ id }, nth) => {
        const ending = endings[nth];
        return ending === undefined ? [] : [{ id, ...ending }];
      });
      const letGo = ended.flatMap(({ claims }) => claims);
      const { runs, putBack } = await engine.turn(worker, reports, atMost);
      model.finish(reports);

      const taken = [...runs.map(({ id }) => id), ...putBack];
      const inLine = new Set(model.line().map(({ id }) => id));
      const successors = taken.filter((id) => inLine.has(id));
      const fetched = taken.filter((id) => !inLine.has(id));
      assertNext(model, worker, atMost, new Set(fetched));
      const eligible = model.successors(worker, letGo).map(({ id }) => id);
      assert.deepEqual(
        successors.filter((id) => !eligible.includes(id)),
        [],
        'none but those that come next are granted by the way',
      );
      const peers = model.workers.filter(
        ({ state, queues, types }) =>
          state === 'online' &&
          queues.some((queue) => worker.queues.includes(queue)) &&
          types.some((type) => worker.types.includes(type)),
      );
      const isAlone =
        peers.length === 1 &&
        model.handedOnAtMost(letGo) <= atMost - fetched.length &&
        !model.line().some(({ id }) => model.isLockedOut(id, worker.session));
      if (isAlone)
        assert.deepEqual(successors.sort(), eligible.sort(), 'all that come next, where hands are left');
      else assert(successors.length <= atMost - fetched.length, 'no more than there are hands');

      model.grantSuccessors(successors);
      begin(model, worker, { runs, putBack });
    },
    (model) => workerAt(model, index).state === 'online' && model.runs(workerAt(model, index)).length > 0,
  );
}
