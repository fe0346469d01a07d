import assert from 'node:assert/strict';
import { ON_WORKER_LOSS } from '../cast.ts';
import { Command, workerAt } from '../command.ts';

/** How a worker may go. */
export const LOSSES = ['stops', 'is given up', 'dies'] as const;

/** A worker goes; what it still says, whoever says it, is refused. */
export function lose(index: number, how: (typeof LOSSES)[number]): Command {
  return new Command(
    `worker ${index} ${how}`,
    async (model, engine) => {
      const worker = workerAt(model, index);
      const { name } = worker;
      const runs = model.runs(worker).map(({ id }) => engine.run(id));
      const { incarnation } = engine.session(name);
      switch (how) {
        case 'stops':
          assert.equal(await engine.stop(name), model.lose(worker, true));
          break;
        case 'is given up':
          assert.equal(await engine.giveUp(name), model.lose(worker, false));
          break;
        case 'dies':
          await engine.die(name);
          model.lose(worker, false);
      }
      assert.deepEqual(await engine.reportInVain(name, incarnation, runs), ['PU001', 'PU001']);
      assert.deepEqual(await engine.heartbeat(name, incarnation), [name]);
    },
    (model) => workerAt(model, index).state === 'online',
  );
}

/** A worker that is not there is born; one that is there lives on, and has no twin. */
export function bear(index: number): Command {
  return new Command(`worker ${index} is born`, async (model, engine) => {
    const worker = workerAt(model, index);
    if (worker.state === 'online') {
      assert.equal(await engine.bearTwin(worker), 'PU006');
      assert.deepEqual(await engine.heartbeat(worker.name, engine.session(worker.name).incarnation), []);
    } else {
      model.bear(worker, await engine.bear(worker, ON_WORKER_LOSS));
    }
  });
}
