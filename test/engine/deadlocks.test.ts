import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { WorkerSession } from './worker-session.ts';

/** Begins to wait; gives what was said against it, without the ids. */
async function wait(
  { client }: WorkerSession,
  waiter: string,
  awaited: string,
  names: Readonly<Record<string, string>>,
): Promise<string> {
  try {
    await client.query('select pulp.begin_wait($1, $2)', [waiter, awaited]);
    return 'waits';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    const said = Object.entries(names).reduce((text, [name, id]) => text.replaceAll(id, name), message);
    return `${code} ${said.replaceAll(' (t)', '')}`;
  }
}

suite('a task that waits for another', () => {
  test('is refused it where that one needs what it holds, directly or through the line', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const holder = await worker.enqueue({ resources: ['/a/', '/b/'] });
    await worker.grant();
    await worker.startOne();
    const child = await worker.enqueue({ parent_id: holder, resources: ['/a/'] });
    const other = await worker.enqueue({ resources: ['/b/', '/c/'] });
    const behind = await worker.enqueue({ parent_id: holder, resources: ['/c/'] });
    const after = await worker.enqueue({ after: [behind] });
    const free = await worker.enqueue({ resources: ['/d/'] });
    await worker.grant();
    const names = { holder, child, other, behind, after, free };
    assert.equal(
      await wait(worker, holder, child, names),
      'PU045 it would wait for ever: task holder waits for the end of task child; task child needs /a/, which task holder holds',
    );
    assert.equal(
      await wait(worker, holder, behind, names),
      'PU045 it would wait for ever: task holder waits for the end of task behind; task behind needs /c/, where task other stands before it; task other needs /b/, which task holder holds',
    );
    assert.equal(
      await wait(worker, holder, after, names),
      'PU045 it would wait for ever: task holder waits for the end of task after; task after comes after task behind; task behind needs /c/, where task other stands before it; task other needs /b/, which task holder holds',
    );
    assert.match(
      await wait(worker, holder, holder, names),
      /^PU045 .*task holder waits for the end of task holder$/,
    );
    assert.equal(await wait(worker, holder, free, names), 'waits');
    const { rows } = await worker.client.query('select awaits from pulp.running where task_id = $1', [
      holder,
    ]);
    assert.deepEqual(rows, [{ awaits: [free] }]);
    const { rows: told } = await worker.client.query<{ why: Record<string, unknown> }>(
      'select pulp.why($1) as why',
      [holder],
    );
    assert.deepEqual(told[0]?.why['reasons'], ['running', 'awaits_tasks']);
    assert.equal(told[0].why['deadlock'], null);
    await worker.client.query('select pulp.end_wait($1, $2)', [holder, free]);
    const { rows: none } = await worker.client.query('select awaits from pulp.running where task_id = $1', [
      holder,
    ]);
    assert.deepEqual(none, [{ awaits: null }]);
  });

  test('is refused it where both hold a share and the other wants it alone, or waits in turn', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const ids = [];
    for (const name of ['/a/', '/b/', '/c/']) ids.push(await worker.enqueue({ shared_resources: [name] }));
    await worker.grant();
    await worker.start(3);
    const [first = '', second = '', third = ''] = ids;
    const alone = await worker.enqueue({ resources: ['/a/'] });
    await worker.grant();
    const names = { first, second, third, alone };
    assert.match(
      await wait(worker, first, alone, names),
      /^PU045 .*task alone needs \/a\/, which task first holds$/,
    );
    assert.equal(await wait(worker, first, second, names), 'waits');
    assert.equal(await wait(worker, second, third, names), 'waits');
    assert.match(
      await wait(worker, third, first, names),
      /^PU045 .*task third waits for the end of task first; task first waits for the end of task second; task second waits for the end of task third$/,
    );
    assert.match(await wait(worker, third, alone, names), /^PU045 /);
    // It knows of the circle also where it came about otherwise.
    await worker.client.query('update pulp.running set awaits = array[$2::uuid] where task_id = $1', [
      third,
      first,
    ]);
    const { rows } = await worker.client.query<{
      why: { reasons: string[]; deadlock: { steps: unknown[] } };
    }>('select pulp.why($1) as why', [second]);
    assert.deepEqual(rows[0]?.why.reasons, ['deadlock', 'running', 'awaits_tasks']);
    assert.equal(rows[0].why.deadlock.steps.length, 3);
  });

  test('is refused it where no slot is left to run that one, and all in hand wait', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await worker.client.query(`select pulp.set_worker('w', 2)`);
    const parents = [await worker.enqueue(), await worker.enqueue()];
    await worker.start(2);
    const [first = '', second = ''] = parents;
    const children = [
      await worker.enqueue({ parent_id: first }),
      await worker.enqueue({ parent_id: second }),
    ];
    const [one = '', two = ''] = children;
    const names = { first, second, one, two };
    assert.equal(await wait(worker, first, one, names), 'waits'); // the other one's slot comes free
    assert.match(
      await wait(worker, second, two, names),
      /^PU045 .*task two needs a slot, and all that could run it are held by tasks that wait, such as second$/,
    );
    // Another worker would do, if it knows the type.
    await using stranger = await WorkerSession.open(database.url, { name: 'x', type: { name: 'u' } });
    assert.match(await wait(worker, second, two, names), /^PU045 /);
    await using other = await WorkerSession.open(database.url, { name: 'y' });
    assert.equal(await wait(worker, second, two, names), 'waits');
    assert(stranger.name !== other.name);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('is not refused it for what ends by itself, or what is over', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const holder = await worker.enqueue({ resources: ['/a/'] });
    const beside = await worker.enqueue({ resources: ['/b/'] });
    await worker.grant();
    const runs = await worker.start(2);
    const waiting = await worker.enqueue({ resources: ['/b/'] });
    const delayed = await worker.enqueue({ delay: '1h' });
    const over = await worker.enqueue();
    await worker.client.query('select pulp.cancel($1)', [over]);
    await worker.grant();
    for (const awaited of [beside, waiting, delayed, over])
      assert.equal(await wait(worker, holder, awaited, {}), 'waits', awaited);
    // With its run, what it waits for is forgotten.
    const run = runs.find(({ id }) => id === holder) ?? assert.fail();
    await worker.finish([{ ...run, outcome: 'completed', result: 1 }]);
    assert.equal(await wait(worker, holder, holder, {}), 'waits');
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('closes no circle by beginning at the same moment', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const [first, second] = [await worker.enqueue(), await worker.enqueue()];
    await worker.start(2);
    await using one = await connect(database.url);
    await using two = await connect(database.url);
    for (let round = 0; round < 10; round += 1) {
      const outcomes = await Promise.allSettled([
        one.query('select pulp.begin_wait($1, $2)', [first, second]),
        two.query('select pulp.begin_wait($1, $2)', [second, first]),
      ]);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      await one.query('select pulp.end_wait($1, $2), pulp.end_wait($2, $1)', [first, second]);
    }
  });
});
