import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeConnection, enqueueWithReservation, listWorkers } from '../../src/index.ts';
import { CommandLine } from '../cli/command-line.ts';
import { createDatabase } from '../support/database.ts';
import { guardiansOf } from '../support/guardians.ts';
import { isAlive } from '../support/is-alive.ts';
import { until } from '../support/until.ts';
import * as tasks from './horse-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./horse-tasks.ts', import.meta.url));

const TTL_SECONDS = 2;

suite('a guardian', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  test('that stood still for longer than a lease ends nothing of a worker that is well', async () => {
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    await using pulp = await CommandLine.create({
      DATABASE_URL: database.url,
      PULP_WORKER_TTL: String(TTL_SECONDS),
    });
    const worker = await pulp.worker('--tasks', TASKS_FILE);
    const inHorse = await enqueueWithReservation(tasks.breeds, [], { kwargs: { blocks: false } });
    const inline = await enqueueWithReservation(tasks.waitsInline, []);
    for (const task of [inHorse, inline]) await until(async () => (await task.read()).progress !== null);
    const family = (await inHorse.read()).progress as number[];

    const [guardian] = guardiansOf(worker.process.pid);
    assert.ok(guardian !== undefined);
    process.kill(guardian, 'SIGSTOP');
    const lastHeartbeat = async () => (await listWorkers())[0]?.last_heartbeat.getTime() ?? 0;
    const stoppedAt = await lastHeartbeat();
    await until(async () => (await lastHeartbeat()) > stoppedAt + TTL_SECONDS * 1500);
    process.kill(guardian, 'SIGCONT');

    // It has read what it was told: it does what it is there for.
    const since = await lastHeartbeat();
    await until(async () => (await lastHeartbeat()) > since + TTL_SECONDS * 1000);
    assert.deepEqual(
      [(await inHorse.read()).state, (await inline.read()).state, family.every(isAlive)],
      ['running', 'running', true],
    );
    worker.process.kill('SIGKILL');
    await until(() => !family.some(isAlive));
    await until(async () => (await listWorkers())[0]?.state === 'missing');
    await closeConnection();
  });
});
