import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  closeConnection,
  createPulp,
  enqueueWith,
  enqueueWithReservation,
  loadTaskTypes,
} from '../../src/index.ts';
import { connect, createDatabase } from '../support/database.ts';
import * as tasks from '../workers/type-policy-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('../workers/type-policy-tasks.ts', import.meta.url));
const INDEX = new URL('../../src/index.ts', import.meta.url);

const PATIENCE = { timeout: 20_000 };

suite('a process with several databases', () => {
  test('works with each of them, and what was made for one stays with it', async () => {
    await using made = await databases();
    const [one, other, own] = made.all;
    process.env['DATABASE_URL'] = own.url;
    await using here = createPulp({ databaseUrl: one.url });
    await using there = createPulp({ databaseUrl: other.url });
    try {
      const mine = await here.enqueue('any', { unchecked: true, resources: ['/a/'] });
      const theirs = await there.enqueue('any', { unchecked: true });
      const process_ = await enqueueWithReservation('any', [], { unchecked: true });
      for (const [database, id] of [
        [one, mine.id],
        [other, theirs.id],
        [own, process_.id],
      ] as const) {
        await using client = await connect(database.url);
        const { rows } = await client.query<{ id: string }>('select id from pulp.task');
        assert.deepEqual(rows, [{ id }]);
      }
      assert.deepEqual((await mine.read()).exclusive_resources, ['/a/'], 'wherever it is asked');
      assert.deepEqual(
        (await there.listTasks({ limit: 10 })).map(({ id }) => id),
        [theirs.id],
      );
      assert.equal(await here.cancel(mine.id), 'canceled');
      assert.equal((await mine.wait(PATIENCE)).state, 'canceled');
      assert.equal((await process_.read()).state, 'waiting');
    } finally {
      await closeConnection();
    }
  });

  test('may have a worker for each', async () => {
    await using made = await databases();
    const [one, other, own] = made.all;
    process.env['DATABASE_URL'] = own.url;
    const registry = await loadTaskTypes(TASKS_FILE);
    await using here = createPulp({ databaseUrl: one.url });
    await using there = createPulp({ databaseUrl: other.url });
    const pulps = [here, there];
    const workers = await Promise.all(pulps.map((pulp) => pulp.worker({ registry, tasksFile: TASKS_FILE })));
    const lives = workers.map((worker) => worker.run());
    const handles = await Promise.all(pulps.map((pulp) => pulp.enqueue(tasks.discards)));
    for (const handle of handles) assert.equal((await handle.wait(PATIENCE)).state, 'failed');
    for (const worker of workers) worker.stop();
    await Promise.all(lives);
  });

  test('refuses what is no address', () => {
    assert.throws(() => createPulp({ databaseUrl: 'localhost' }), { code: 'INVALID_INPUT' });
  });
});

test('a task belongs to the transaction of its caller, with its type', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  process.env['DATABASE_URL'] = database.url;
  try {
    await client.query('begin');
    const lost = await enqueueWith(client, tasks.patient, { resources: ['/a/'] });
    await client.query('rollback');
    await assert.rejects(lost.read(), { code: 'MISSING_RESOURCE' });
    await client.query('begin');
    const kept = await enqueueWith(client, tasks.patient, { unique: true });
    assert.equal((await enqueueWith(client, tasks.patient, { unique: true })).id, kept.id);
    await client.query('commit');
    assert.equal((await kept.read()).queue, 'slow');
    await assert.rejects(enqueueWith(client, 'a b'), { code: 'INVALID_INPUT' });
    // @ts-expect-error: it takes a message
    await assert.rejects(enqueueWith(client, tasks.choosy, { kwargs: {} }), { code: 'INVALID_INPUT' });
  } finally {
    await closeConnection();
  }
});

test('a program that has enqueued ends at once', async () => {
  await using database = await createDatabase();
  const program = `import { enqueueWithReservation } from '${INDEX.href}';
    await enqueueWithReservation('any', [], { unchecked: true });
    const done = performance.now();
    process.on('exit', () => console.log(performance.now() - done));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [ms] = await Promise.all([text(child.stdout), once(child, 'close')]);
  assert(Number(ms) < 1000, `after ${ms} ms`);
});

/** Three databases, which go together. */
async function databases() {
  const all = [await createDatabase(), await createDatabase(), await createDatabase()] as const;
  return {
    all,
    [Symbol.asyncDispose]: async () => {
      for (const database of all) await database[Symbol.asyncDispose]();
    },
  };
}
