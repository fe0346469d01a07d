import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { anyCommand } from './any-command.ts';
import { ON_WORKER_LOSS, newWorkers } from './cast.ts';
import { EngineModel } from './engine-model.ts';
import { EngineUnderTest } from './engine-under-test.ts';
import { finishAll } from './finish-all.ts';

test('whatever is done, the database says what the model says, and in the end every task is over', async () => {
  await using database = await createDatabase();
  await using engine = await EngineUnderTest.open(database.url);
  await fc.assert(
    fc.asyncProperty(fc.commands(anyCommand, { maxCommands: 120, size: 'max' }), async (commands) => {
      await engine.reset();
      const model = new EngineModel(newWorkers(), ON_WORKER_LOSS);
      for (const worker of model.workers) model.bear(worker, await engine.bear(worker, ON_WORKER_LOSS));
      await fc.asyncModelRun(() => ({ model, real: engine }), commands);
      await finishAll(model, engine);
      assert.deepEqual(await checkLog(engine.client), []);
    }),
    { numRuns: Number(process.env['PULP_MODEL_RUNS'] ?? 30) },
  );
});
