import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Client } from 'pg';
import { cancel, enqueueMany } from '../../src/index.ts';
import { median } from '../bench/statistics.ts';
import { checkLog } from '../support/log-checker.ts';
import { connect, createDatabase } from '../support/database.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { endingsOf, stateOf } from './endings.ts';
import { leftovers } from './leftovers.ts';
import { isAlive } from '../support/is-alive.ts';
import { scaled } from './scale.ts';
import { horseCanceled, ignorant } from './task-types.ts';

/** What a worker gives a canceled task by default, in milliseconds. */
const GRACE_MS = 5_000;

/** How many at a time: each burns a processor. */
const AT_ONCE = scaled(1, 3);

test('a canceled task that ignores everything is dead within the grace and a second', async (t) => {
  const rounds = scaled(1, 17);
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using fleet = await Fleet.create({ databaseUrl: database.url, concurrency: AT_ONCE });
  await fleet.explaining(t, async () => {
    const worker = await fleet.start('worker');
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const tasks = await enqueueMany(Array.from({ length: AT_ONCE }, () => ({ task: ignorant })));
      const victims: (readonly number[])[] = [];
      for (const { id } of tasks) victims.push(await processesOf(client, id));
      const dead = tasks.map(async ({ id }, index) => {
        const canceledAt = performance.now();
        await cancel(id);
        for (const pid of victims[index] ?? []) {
          await eventually(`process ${pid} of the canceled task has ended`, () => !isAlive(pid));
        }
        return (performance.now() - canceledAt) / 1000;
      });
      seconds.push(...(await Promise.all(dead)));
      for (const { id } of tasks) {
        await eventually('the cancel is recorded', async () => (await stateOf(client, id)) === 'canceled');
        assert.deepEqual(await endingsOf(client, id), ['TaskCanceled']);
        assert.equal(existsSync(join(fleet.directories, worker.name, id)), false, 'its directory is gone');
      }
    }
    assert.deepEqual(await fleet.stop(), []);
    t.diagnostic(
      `${seconds.length} cancels: dead after ${median(seconds).toFixed(2)} s (median), ${Math.max(...seconds).toFixed(2)} s (max)`,
    );
    assert(Math.max(...seconds) < GRACE_MS / 1000 + 1, 'dead within the grace and a second');
    assert.deepEqual([...(await leftovers(fleet, client)), ...(await checkLog(client))], []);
  });
});

test('a waiting task is canceled at once', async (t) => {
  const count = scaled(20, 200);
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using fleet = await Fleet.create({ databaseUrl: database.url });
  await fleet.explaining(t, async () => {
    const worker = await fleet.start('worker');
    const resources = ['/faults/waited-for/'];
    const request = { task: horseCanceled, resources, kwargs: { ms: 600_000, exclusive: resources } };
    const [holder, ...waiting] = await enqueueMany(
      Array.from({ length: count + 1 }, () => ({ ...request, id: randomUUID() })),
    );
    assert(holder);
    await eventually('the first one runs', async () => (await stateOf(client, holder.id)) === 'running');
    const ms: number[] = [];
    for (const { id } of waiting) {
      const from = performance.now();
      await cancel(id);
      ms.push(performance.now() - from);
      assert.equal(await stateOf(client, id), 'canceled');
    }
    worker.signal('SIGTERM');
    await cancel(holder.id);
    await worker.ended;
    t.diagnostic(
      `${count} cancels: ${median(ms).toFixed(1)} ms (median), ${Math.max(...ms).toFixed(1)} ms (max)`,
    );
    assert(median(ms) < 50, 'canceled within 50 ms');
    assert.deepEqual([...(await leftovers(fleet, client)), ...(await checkLog(client))], []);
  });
});

/** The processes of an ignorant task, once it burns. */
async function processesOf(client: Client, task: string): Promise<readonly number[]> {
  return await eventually('the task tells its processes', async () => {
    const { rows } = await client.query<{ progress: { horse: number; grandchild: number } | null }>(
      'select progress from pulp.task where id = $1',
      [task],
    );
    const progress = rows[0]?.progress;
    return progress ? [progress.horse, progress.grandchild] : undefined;
  });
}
