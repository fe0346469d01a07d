import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';
import { Gate } from './gate.ts';

suite('pulp worker', () => {
  test('after SIGTERM finishes what runs, takes nothing new, and exits with 0', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.write('pulp.tasks.ts', `export * from ${JSON.stringify(TASKS_FILE)};`); // found without --tasks
    await using gate = await Gate.close(database.url);
    const worker = await pulp.worker('--name', 'warm', '--concurrency', '1');
    const arrival = gate.held();
    const { stdout } = await pulp.run(['task', 'enqueue', 'test.hold']);
    assert.equal(await arrival, stdout.trim());
    const { data: online } = await pulp.json(['worker', 'list']);
    const [row] = online as { name: string; state: string; running: number; queues: string[] }[];
    assert.deepEqual([row?.name, row?.state, row?.running, row?.queues], ['warm', 'online', 1, ['default']]);

    worker.process.kill('SIGTERM');
    const entry = await worker.logged('stops when what runs has finished');
    assert.deepEqual([entry['signal'], entry['running'], entry['worker']], ['SIGTERM', 1, 'warm']);
    const late = (await pulp.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]'])).stdout.trim();
    assert.equal(worker.process.exitCode, null);
    await gate.open();
    assert.deepEqual(await worker.ended, { code: 0 });

    const [held, waiting, workers] = await Promise.all([
      pulp.json(['task', 'show', stdout.trim()]),
      pulp.json(['task', 'show', late]),
      pulp.run(['worker', 'list']),
    ]);
    assert.equal((held.data as { state: string }).state, 'completed');
    assert.equal((waiting.data as { state: string }).state, 'waiting');
    assert.match(
      workers.stdout,
      /^NAME +STATE +HEARTBEAT +RUNNING +QUEUES\nwarm +offline +\S+ +0\/1 +default\n$/,
    );
  });

  test('a second signal ends what runs: its task is canceled', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using gate = await Gate.close(database.url);
    const worker = await pulp.worker('--tasks', TASKS_FILE);
    const arrival = gate.held();
    const { stdout } = await pulp.run(['task', 'enqueue', 'test.hold']);
    await arrival;
    worker.process.kill('SIGINT');
    await worker.logged('a second signal ends it');
    worker.process.kill('SIGINT');
    assert.deepEqual(await worker.ended, { code: 0 });
    const { data } = await pulp.json(['task', 'show', stdout.trim()]);
    assert.equal((data as { state: string }).state, 'canceled');
  });

  test('refuses what it cannot work with', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await pulp.write('empty.ts', 'export {};');
    await pulp.worker('--tasks', TASKS_FILE, '--name', 'taken');
    const [noFile, empty, level, taken, none] = await Promise.all([
      pulp.run(['worker']),
      pulp.run(['worker', '--tasks', 'empty.ts']),
      pulp.run(['worker', '--tasks', TASKS_FILE], { env: { PULP_LOG_LEVEL: 'loud' } }),
      pulp.run(['worker', '--tasks', TASKS_FILE, '--name', 'taken']),
      pulp.run(['worker', '--tasks', TASKS_FILE, '--concurrency', '0']),
    ]);
    assert.deepEqual(
      [noFile, empty, level, taken, none].map((ended) => ended.code),
      [2, 2, 2, 1, 2],
    );
    assert.match(noFile.stderr, /there is no pulp\.tasks\.ts, \.js or \.mjs in this folder\nTry: .*--tasks/);
    assert.match(empty.stderr, /exports no task types/);
    assert.match(level.stderr, /PULP_LOG_LEVEL: "loud" is no level/);
    assert.match(taken.stderr, /worker "taken" is up already/);
    assert.match(none.stderr, /--concurrency: Expected an integer greater than or equal to 1/);
  });
});
