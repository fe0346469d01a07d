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
      assert.equal(await engine.heartbeat(name, incarnation), 'over');
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
      assert.equal(await engine.heartbeat(worker.name, engine.session(worker.name).incarnation), 'confirmed');
    } else {
      model.bear(worker, await engine.bear(worker, ON_WORKER_LOSS));
    }
  });
}

/** A worker loses its session and attaches another one: its runs go on, and their locks are taken again. */
export function attach(index: number): Command {
  return new Command(
    `worker ${index} attaches`,
    async (model, engine) => {
      const worker = workerAt(model, index);
      const ids = model.runs(worker).map(({ id }) => id);
      const [known, ...unknown] = ids; // of one, the answer to its start was lost
      const inHand = (unknown.length === 0 ? ids : unknown).map((id) => engine.run(id));
      const { verdicts, pid } = await engine.attach(worker.name, inHand);
      const expected = ids.map((id) => `${id} ${unknown.length > 0 && id === known ? 'begin' : 'keep'}`);
      assert.deepEqual(verdicts, expected.sort());
      model.attach(worker, pid);
    },
    (model) => workerAt(model, index).state === 'online',
  );
}
