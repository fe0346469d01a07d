import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { Served } from './served.ts';

interface Answer {
  readonly matched: number;
  readonly states: Readonly<Record<string, number>>;
  readonly more: boolean;
  readonly sample: readonly { readonly name: string; readonly args: unknown }[];
}

const PATH = '/api/v1/tasks/cancel';

suite('doing something to all that match', () => {
  test('cancels what waits and what runs, a part at a time, and goes on where it ended', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    const over = await worker.enqueue({ group: 'g' });
    const run = await worker.startOne();
    await worker.finish([
      { id: over, attempt: run.attempt, fence: run.fence, outcome: 'completed', result: 1 },
    ]);
    const running = await worker.enqueue({ group: 'g' });
    await worker.startOne();
    for (let count = 0; count < 3; count += 1) await worker.enqueue({ group: 'g' });
    const other = await worker.enqueue({ group: 'other' });
    const ask = async (body: object) => (await served.ask(PATH, { body })).data as Answer;
    const dry = await ask({ group: 'g', dry_run: true });
    assert.deepEqual([dry.matched, dry.more, dry.sample.length, dry.sample[0]?.args], [4, false, 4, null]);
    assert.deepEqual(await ask({ group: 'g', at_most: 3, reason: 'r' }), {
      matched: 3,
      states: { canceled: 3 },
      more: true,
      sample: [],
    });
    assert.deepEqual((await ask({ group: 'g', at_most: 3, reason: 'r' })).states, { canceling: 1 });
    assert.deepEqual((await ask({ group: 'g' })).matched, 0);
    assert.deepEqual(await worker.task(running).then(({ state, cancel_reason }) => [state, cancel_reason]), [
      'canceling',
      'r',
    ]);
    assert.equal((await worker.task(over))['state'], 'completed');
    assert.equal((await worker.task(other))['state'], 'waiting');
    assert.equal((await ask({ state: ['completed'] })).matched, 0);
  });

  test('lets nobody start who waits behind one that is canceled with him', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    for (let count = 0; count < 130; count += 1)
      await worker.enqueue({ resources: ['/r/'], correlation_id: 'c' });
    await worker.grant();
    await served.ask(PATH, { body: { correlation: 'c' } });
    await worker.grant();
    assert.deepEqual(await worker.start(10), []);
    const { rows } = await worker.client.query(
      `select count(*)::integer from pulp.event where type = 'ReservationGranted'`,
    );
    assert.deepEqual(rows, [{ count: 1 }]);
  });

  test('has those run again that failed, of an error that they had', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    for (const code of ['ENOSPC', 'ENOSPC', 'ECONNREFUSED']) {
      await worker.enqueue();
      const run = await worker.startOne();
      await worker.finish([{ ...run, outcome: 'failed', error: { code, message: 'm' } }]);
    }
    const ask = async (body: object) => (await served.ask('/api/v1/tasks/retry', { body })).data as Answer;
    const dry = await ask({ error_code: 'ENOSPC', dry_run: true });
    assert.deepEqual([dry.matched, dry.sample.length], [2, 2]);
    assert.deepEqual((await ask({ error_code: 'ENOSPC', reason: 'there is room now' })).states, {
      waiting: 2,
    });
    assert.equal((await ask({ error_code: 'ENOSPC' })).matched, 0);
    const { data } = await served.ask('/api/v1/task-counts');
    assert.deepEqual((data as { counts: object }).counts, { failed: 1, waiting: 2 });
  });

  test('goes by what its user sees', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    await client.query(`select pulp.set_policy('owner')`);
    const own = await served.enqueue({ name: 't' }, 'submitter');
    const foreign = await served.enqueue({ name: 't' }, 'operator');
    const { data } = await served.ask(PATH, { body: { state: ['waiting'] }, as: 'submitter' });
    assert.equal((data as Answer).matched, 1);
    const { rows } = await client.query('select id, state from pulp.task order by state');
    assert.deepEqual(rows, [
      { id: own, state: 'canceled' },
      { id: foreign, state: 'waiting' },
    ]);
  });

  test('refuses what names no filter, or one that is none', async () => {
    await using served = await Served.start();
    await served.enqueue({ name: 't' });
    for (const body of [
      {},
      { reason: 'r' },
      { stat: ['waiting'] },
      { state: 'waiting' },
      { state: ['waiting'], at_most: 1001 },
    ]) {
      assert.equal((await served.ask(PATH, { body })).status, 400, JSON.stringify(body));
    }
    const { data } = await served.ask('/api/v1/task-counts');
    assert.deepEqual((data as { counts: object }).counts, { waiting: 1 });
  });
});
