import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { WorkerSession } from './worker-session.ts';

const GPU = '/gpu/';

describe('a resource of so many units', () => {
  test('is granted to as many as it has units for, in their order, and no more', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await limit(worker, 3);
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => worker.enqueue({ shared_resources: [GPU] })));
    await worker.grant();
    const runs = await worker.start(100);
    assert.deepEqual(
      runs.map(({ id }) => id),
      ids.slice(0, 3),
    );
    await worker.grant();
    assert.deepEqual(await worker.start(100), []);
    await worker.finish(runs.slice(0, 1).map((run) => ({ ...run, outcome: 'completed' })));
    await worker.grant();
    assert.equal((await worker.startOne()).id, ids[3]);
    assert.deepEqual(await worker.start(100), []);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('serves who asks for several, or for all, in their turn', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await limit(worker, 4);
    const three = await worker.enqueue({ units: { [GPU]: 3 } });
    const two = await worker.enqueue({ units: { '/gpu/?colour=red': 2 } });
    const one = await worker.enqueue({ shared_resources: [GPU] });
    const all = await worker.enqueue({ resources: [GPU] });
    const last = await worker.enqueue({ shared_resources: [GPU] });
    const order: string[][] = [];
    for (let turn = 0; turn < 5; turn++) {
      await worker.grant();
      const runs = await worker.start(100);
      if (runs.length === 0) break;
      order.push(runs.map(({ id }) => id));
      await worker.finish(runs.map((run) => ({ ...run, outcome: 'completed' })));
    }
    assert.deepEqual(order, [[three], [two, one], [all], [last]]);
    assert.deepEqual(await checkLog(worker.client), []);
  });
});

async function limit(worker: WorkerSession, capacity: number | null, resource = GPU): Promise<void> {
  await worker.client.query('select pulp.set_capacity($1, $2)', [resource, capacity]);
}
