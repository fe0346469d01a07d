import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { anyCommand } from './any-command.ts';
import { ON_WORKER_LOSS, newWorkers } from './cast.ts';
import type { Command } from './command.ts';
import { enqueue } from './commands/enqueue.ts';
import { grant } from './commands/grant.ts';
import { finish } from './commands/report.ts';
import { start } from './commands/start.ts';
import { passHour } from './commands/surroundings.ts';
import { bear, lose } from './commands/worker-life.ts';
import { EngineModel, type Content } from './engine-model.ts';
import { EngineUnderTest } from './engine-under-test.ts';
import { finishAll } from './finish-all.ts';

/** More make a longer search: PULP_MODEL_RUNS=500. */
const RUNS = Number(process.env['PULP_MODEL_RUNS'] ?? 20);

test('whatever is done, the database says what the model says, and in the end every task is over', async () => {
  await using database = await createDatabase();
  await using engine = await EngineUnderTest.open(database.url);
  await fc.assert(
    fc.asyncProperty(fc.commands(anyCommand, { maxCommands: 120, size: 'max' }), (commands) =>
      live(engine, commands),
    ),
    // A failure is made smaller for a minute at most.
    { numRuns: RUNS, interruptAfterTimeLimit: 60_000 },
  );
});

/** Ways that a random walk seldom goes. */
const CASES: Readonly<Record<string, readonly Command[]>> = {
  'sharers behind an exclusive run are all granted when it ends, however small the passes are': [
    enqueueOne({ exclusive: ['/a/'] }),
    grant(1000),
    start(0, 1),
    ...Array.from({ length: 5 }, () => enqueueOne({ shared: ['/a/'] })),
    grant(1000),
    finish(0, [{ outcome: 'completed', value: null, retry: true }]),
    grant(2),
  ],
  'a run is not started a fourth time for the loss of its worker': [
    enqueueOne({ name: 'tenacious' }),
    ...[1, 2, 3].flatMap(() => [start(0, 1), lose(0, 'dies'), bear(0), grant(1000)]),
  ],
  'the back-off of a retry does not hold up those behind it in line': [
    enqueueOne({ exclusive: ['/a/'], retries: 1 }),
    enqueueOne({ exclusive: ['/a/'] }),
    grant(1000),
    start(0, 1),
    finish(0, [{ outcome: 'failed', value: null, retry: true }]),
    grant(1000),
    start(0, 1),
    passHour(),
    grant(1000),
  ],
  'a run that is interrupted goes back to the front of its line, and costs no attempt': [
    enqueueOne({ exclusive: ['/a/'] }),
    enqueueOne({ exclusive: ['/a/'] }),
    enqueueOne({ shared: ['/a/'] }),
    grant(1000),
    ...Array.from({ length: 4 }, () => [
      start(0, 1),
      finish(0, [{ outcome: 'interrupted', value: 'stop', retry: true, progress: 'half' }]),
      grant(1000),
    ]).flat(),
    start(0, 1),
    finish(0, [{ outcome: 'failed', value: null, retry: true }]),
  ],
  'a run that is interrupted comes before what was enqueued after it, if it claims nothing': [
    enqueueOne({}),
    enqueueOne({}),
    start(0, 1),
    enqueueOne({ priority: 1 }),
    finish(0, [{ outcome: 'interrupted', value: 'stop', retry: true }]),
    start(0, 1),
    start(0, 1),
    finish(0, [{ outcome: 'completed', value: 1, retry: true }]),
  ],
};

for (const [title, commands] of Object.entries(CASES)) {
  test(title, async () => {
    await using database = await createDatabase();
    await using engine = await EngineUnderTest.open(database.url);
    await live(engine, commands);
  });
}

/** A life of the engine from the births of its workers to the end of all tasks, beside the model's. */
async function live(
  engine: EngineUnderTest,
  commands: Iterable<fc.AsyncCommand<EngineModel, EngineUnderTest>>,
) {
  await engine.reset();
  const model = new EngineModel(newWorkers(), ON_WORKER_LOSS);
  for (const worker of model.workers) model.bear(worker, await engine.bear(worker, ON_WORKER_LOSS));
  await fc.asyncModelRun(() => ({ model, real: engine }), commands);
  await finishAll(model, engine);
  assert.deepEqual(await checkLog(engine.client), []);
}

function enqueueOne(content: Partial<Content>): Command {
  const plain = {
    name: 'plain',
    queue: 'first',
    kwargs: {},
    exclusive: [],
    shared: [],
    units: 1,
    priority: 0,
    retries: 0,
    delay: 0,
    group: null,
    after: [],
    on: 'success' as const,
  };
  return enqueue([{ content: { ...plain, unchecked: false, ...content }, after: [], id: 'made' }], false);
}
