import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { WorkerSession, type Run } from './worker-session.ts';

const completed = (run: Run, more: object = {}) => ({ ...run, outcome: 'completed', result: 1, ...more });

/** The run as a worker would name it that has missed its end: what the fence is for. */
const stale = (run: Run): Run => ({ ...run, fence: String(BigInt(run.fence) - 1n) });

/** A stranger who holds a task's row in a transaction that goes on. */
async function hold(url: string, task: string) {
  const client = await connect(url);
  await client.query('begin');
  await client.query('select pulp.cancel($1)', [task]);
  return client;
}

suite('the reports of a worker', () => {
  test('the last progress of a run is recorded with its end, right before it', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const claiming = await worker.enqueue({ resources: ['/a/'] });
    const silent = await worker.enqueue();
    const free = await worker.enqueue();
    await worker.grant();
    const runs = new Map((await worker.start(3)).map((run) => [run.id, run]));
    const report = (id: string, more: object) => ({ ...runs.get(id), ...more });

    assert.deepEqual(
      new Map(
        (
          await worker.finish([
            report(claiming, { outcome: 'completed', result: 'done', progress: { percent: 100 } }),
            report(silent, { outcome: 'completed', result: 'done' }),
            report(free, { outcome: 'failed', error: { code: 'BROKEN' }, progress: null }),
          ])
        ).map(({ id, state }) => [id, state]),
      ),
      new Map([
        [claiming, 'completed'],
        [silent, 'completed'],
        [free, 'failed'],
      ]),
    );
    assert.deepEqual(await worker.events(claiming), [
      ...['TaskEnqueued', 'ReservationGranted', 'TaskStarted'],
      ...['TaskProgressed', 'ReservationReleased', 'TaskCompleted'],
    ]);
    assert.deepEqual(await worker.events(silent), ['TaskEnqueued', 'TaskStarted', 'TaskCompleted']);
    assert.deepEqual(await worker.events(free), [
      ...['TaskEnqueued', 'TaskStarted', 'TaskProgressed', 'TaskFailed'],
    ]);
    assert.deepEqual((await worker.task(claiming))['progress'], { percent: 100 });
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('what the fence refuses is named, and nothing else is refused', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await using other = await WorkerSession.open(database.url, { name: 'other' });
    for (let left = 4; left > 0; left -= 1) await worker.enqueue();
    const [good, wrongFence, over] = await worker.start(3);
    const theirs = await other.startOne();
    assert(good !== undefined && wrongFence !== undefined && over !== undefined);
    await worker.finish([completed(over)]);
    const unknown = { id: randomUUID(), attempt: 1, fence: '1' };
    const refused = [stale(wrongFence), over, theirs, unknown];

    const reports = [...refused, good].map((run) => ({ ...run, progress: 'half' }));
    assert.deepEqual(
      await worker.progress(reports),
      refused.map(({ id }) => ({ id, verdict: 'late' })),
    );
    assert.equal((await worker.task(good.id))['progress'], 'half');
    assert.equal((await worker.task(theirs.id))['progress'], null);

    assert.deepEqual(await worker.finish([...refused, good].map((run) => completed(run))), [
      ...refused.map(({ id }) => ({ id, state: 'fenced' })),
      { id: good.id, state: 'completed' },
    ]);
    assert.equal((await worker.task(theirs.id))['state'], 'running');
    assert.deepEqual(await worker.finish([completed(wrongFence)]), [
      { id: wrongFence.id, state: 'completed' },
    ]);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('who holds the row of a task delays the reports of that task alone', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await worker.client.query("set lock_timeout = '1ms'"); // whoever waits fails
    for (let left = 3; left > 0; left -= 1) await worker.enqueue();
    const [held, stalled, free] = await worker.start(3);
    assert(held !== undefined && stalled !== undefined && free !== undefined);
    await using stranger = await hold(database.url, held.id);
    await using another = await hold(database.url, stalled.id);

    assert.deepEqual(
      await worker.progress([held, stale(stalled), free].map((run) => ({ ...run, progress: 1 }))),
      [
        { id: held.id, verdict: 'held' },
        { id: stalled.id, verdict: 'late' },
      ],
    );
    assert.deepEqual(await worker.finish([held, free].map((run) => completed(run))), [
      { id: free.id, state: 'completed' },
    ]);
    await stranger.query('rollback');
    await another.query('commit');
    assert.deepEqual(await worker.finish([held, stalled].map((run) => completed(run, { progress: 2 }))), [
      { id: held.id, state: 'completed' },
      { id: stalled.id, state: 'canceled' },
    ]);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('a turn tells what was started from what was not recorded, and why it was not', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    for (let left = 4; left > 0; left -= 1) await worker.enqueue();
    const [recorded, held, fenced] = await worker.start(3);
    assert(recorded !== undefined && held !== undefined && fenced !== undefined);
    await using stranger = await hold(database.url, held.id);

    const rows = await worker.finishAndStart(
      [recorded, held, stale(fenced)].map((run) => completed(run, { progress: 1 })),
      10,
    );
    assert.deepEqual(
      rows
        .filter(({ verdict }) => verdict !== null)
        .map(({ id, verdict, attempt }) => [id, verdict, attempt]),
      [
        [held.id, 'held', null],
        [fenced.id, 'fenced', null],
      ],
    );
    const started = rows.filter(({ verdict }) => verdict === null);
    assert.deepEqual(
      started.map(({ attempt, interruptions }) => [attempt, interruptions]),
      [[1, 0]],
    );
    assert.equal((await worker.task(recorded.id))['state'], 'completed');
    await stranger.query('rollback');
    assert.deepEqual(
      await worker.finishAndStart(
        [held, fenced, ...started].map((run) => completed(run)),
        1,
      ),
      [],
    );
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('what is longer or deeper than a payload may be fails its own run alone, with a code', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    for (let n = 0; n < 5; n++) await worker.enqueue({ retries: 3 });
    const runs = await worker.start(5);
    const [good, long, deep, broken, talkative] = runs.map(({ id }) => id);
    const text = 'x'.repeat(1_100_000);
    const nested = JSON.parse(`${'['.repeat(65)}${']'.repeat(65)}`) as unknown;
    const ends = [
      {},
      { result: text },
      { result: { a: nested } },
      { outcome: 'failed', error: { message: text } },
      { progress: nested },
    ];
    await worker.progress(runs.map((run, n) => ({ ...run, progress: n === 0 ? nested : n })));
    assert.match(String((await worker.task(good ?? ''))['progress']), /^progress\[0\].*: is nested deeper/);
    await worker.finish(runs.map((run, n) => completed(run, ends[n])));
    const told = await Promise.all(
      [good, long, deep, broken, talkative].map(async (id) => {
        const { state, error } = await worker.task(id ?? '');
        return [state, (error as { code?: string } | null)?.code];
      }),
    );
    const refused = ['failed', 'RESULT_REFUSED'];
    assert.deepEqual(told, [['completed', undefined], refused, refused, refused, ['completed', undefined]]);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('a worker whose incarnation is over is refused as a whole', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await worker.enqueue();
    const run = await worker.startOne();
    const earlier = String(BigInt(worker.incarnation) - 1n);
    await assert.rejects(worker.finish([completed(run)], earlier), { code: 'PU001' });
    await assert.rejects(worker.progress([{ ...run, progress: 1 }], earlier), { code: 'PU001' });
    assert.deepEqual(await worker.events(run.id), ['TaskEnqueued', 'TaskStarted']);
  });
});
