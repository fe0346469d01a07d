import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import { rebuild } from '../../src/maintenance/rebuild.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';
import { ended, settle } from './settling.ts';
import { WorkerSession } from './worker-session.ts';

async function states(client: Client, ids: readonly string[]): Promise<readonly (string | undefined)[]> {
  const { rows } = await client.query<{ id: string; state: string }>(
    'select id, state from pulp.task where id = any ($1)',
    [ids],
  );
  return ids.map((id) => rows.find((row) => row.id === id)?.state);
}

async function codeOf(refused: Promise<unknown>): Promise<readonly [string, string]> {
  return refused.then(
    () => ['accepted', ''] as const,
    (error: unknown) => {
      const { code, message } = error as { code: string; message: string };
      return [code, message] as const;
    },
  );
}

suite('tasks that come after others', () => {
  test('begin when all of them have completed, and not before their own time', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const parents = [await worker.enqueue(), await worker.enqueue({ resources: ['/a/'] })];
    const child = await worker.enqueue({ after: parents, resources: ['/a/'] });
    const late = await worker.enqueue({ after: parents, delay: '1h' });
    await settle(worker.client);
    const runs = await worker.start(10);
    assert.deepEqual(runs.map(({ id }) => id).sort(), [...parents].sort());
    const { rows } = await worker.client.query<{ why: { reasons: string[]; awaits: object[] } }>(
      'select pulp.why($1) as why',
      [child],
    );
    assert.deepEqual(rows[0]?.why.reasons.slice(0, 2), ['awaits_tasks', 'no_resource_manager']);
    assert.deepEqual(
      rows[0].why.awaits,
      parents.toSorted().map((id) => ({ kind: 'task', id, name: 't', state: 'running' })),
    );

    await worker.finish(runs.slice(0, 1).map((run) => ended(run, 'completed')));
    await settle(worker.client);
    assert.deepEqual(await worker.start(10), []);
    await worker.finish(runs.slice(1).map((run) => ended(run, 'completed')));
    await settle(worker.client);
    assert.deepEqual(
      (await worker.start(10)).map(({ id }) => id),
      [child],
    );
    assert.deepEqual(await worker.events(child), [
      ...['TaskEnqueued', 'DependenciesMet', 'TaskDue', 'ReservationGranted', 'TaskStarted'],
    ]);
    const { rows: waiting } = await worker.client.query(
      `select due_at - clock_timestamp() between interval '59 min' and interval '1 h' as is_in_an_hour from pulp.deferred where task_id = $1`,
      [late],
    );
    assert.deepEqual(waiting, [{ is_in_an_hour: true }]);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('begin or are skipped by how each of them ends', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const seen: string[] = [];
    for (const end of ['completed', 'failed', 'canceled', 'skipped']) {
      const grandparent = await worker.enqueue();
      const parent = end === 'skipped' ? await worker.enqueue({ after: [grandparent] }) : grandparent;
      const children = [
        await worker.enqueue({ after: [parent] }),
        await worker.enqueue({ after: [parent], on: 'success' }),
        await worker.enqueue({ after: [parent], on: 'finish' }),
      ];
      if (end === 'canceled') await worker.client.query('select pulp.cancel($1)', [parent]);
      else await worker.finish([ended(await worker.startOne(), end === 'completed' ? end : 'failed')]);
      await settle(worker.client);
      const [byDefault, success, finish] = await states(worker.client, children);
      const { cancel_reason } = await worker.task(children[0] ?? '');
      seen.push(`${end}: ${byDefault} ${success} ${finish}; ${String(cancel_reason).replace(parent, 'it')}`);
      for (const run of await worker.start(10)) await worker.finish([ended(run, 'completed')]);
    }
    assert.deepEqual(seen, [
      'completed: waiting waiting waiting; null',
      'failed: skipped skipped waiting; task it, which it comes after, failed',
      'canceled: skipped skipped waiting; task it, which it comes after, was canceled',
      'skipped: skipped skipped waiting; task it, which it comes after, was skipped',
    ]);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('begin at once after what is over as they ask, in one step with it', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const [good, bad] = [await worker.enqueue(), await worker.enqueue()];
    await worker.finish([ended(await worker.startOne(), 'completed')]);
    await worker.finish([ended(await worker.startOne(), 'failed')]);
    await worker.enqueue({ after: [good] });
    await worker.enqueue({ after: [good, bad], on: 'finish' });
    const doomed = await worker.enqueue({ after: [good, bad] });
    assert.equal((await worker.start(10)).length, 2);
    await settle(worker.client);
    assert.deepEqual(await states(worker.client, [doomed]), ['skipped']);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('are refused if these are not there, or wait in a circle; nothing is written then', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const enqueue = (...items: object[]) =>
      client.query('select pulp.enqueue_batch($1)', [
        JSON.stringify(items.map((item) => ({ name: 't', ...item }))),
      ]);
    const [a, b, c] = ['a', 'b', 'c'].map((digit) => `0196a000-0000-7000-8000-00000000000${digit}`);
    const refused: readonly (readonly [readonly object[], string, RegExp])[] = [
      [[{ after: [a] }], 'PU040', new RegExp(`after: there is no task ${a}`)],
      [[{ id: a, after: [a] }], 'PU041', new RegExp(`in a circle: ${a} after ${a}$`)],
      [
        [{ id: a, after: [b] }, { id: b, after: [c] }, { id: c, after: [a] }, { after: [a] }],
        'PU041',
        new RegExp(`in a circle: ${a} after ${b} after ${c} after ${a}$`),
      ],
      [[{ on: 'finish' }], 'PU004', /on: .* there are none/],
      [[{ after: [], on: 'finish' }], 'PU004', /on: .* there are none/],
      [[{ id: a }, { after: [a], on: 'failure' }], 'PU004', /on: must be success or finish/],
      [[{ after: a }], 'PU004', /after: must be an array of UUIDs/],
      [[{ after: ['x'] }], 'PU004', /after: must be an array of UUIDs/],
      [[{ after: [null] }], 'PU004', /after: must be an array of UUIDs/],
      [[{ after: Array<string | undefined>(257).fill(a) }], 'PU004', /256 at most/],
      [[{ finally: true }], 'PU004', /finally: .* give the group/],
      [[{ finally: 'yes', group: 'g' }], 'PU004', /finally: must be true or false/],
    ];
    for (const [items, code, message] of refused) {
      const [actualCode, actualMessage] = await codeOf(enqueue(...items));
      assert.equal(actualCode, code, actualMessage);
      assert.match(actualMessage, message);
    }
    const { rows } = await client.query('select from pulp.task union all select from pulp.event_batch');
    assert.equal(rows.length, 0);
    // Named before they stand there, but in no circle; and twice the same.
    await enqueue({ id: c, after: [a, b, a] }, { id: b, after: [a] }, { id: a }, { id: c, after: [a, b, a] });
    assert.deepEqual(await checkLog(client), []);
  });

  test('are judged whatever they are enqueued beside', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await using other = await connect(database.url);
    const enqueueBeside = async (parent: string) => {
      await other.query('begin');
      const { rows } = await other.query<{ id: string }>(`select pulp.enqueue('t', options => $1) as id`, [
        { after: [parent] },
      ]);
      return rows[0]?.id ?? '';
    };
    // Its parent ends before anybody sees it.
    await worker.enqueue();
    const run = await worker.startOne();
    const child = await enqueueBeside(run.id);
    await worker.finish([ended(run, 'completed')]);
    await settle(worker.client);
    await other.query('commit');
    await settle(worker.client);
    assert.equal((await worker.startOne()).id, child);

    // Its parent is canceled by a transaction that sees an earlier moment, and never sees it.
    const parent = await worker.enqueue({ delay: '1h' });
    await worker.client.query('begin isolation level repeatable read');
    await worker.client.query('select from pulp.task');
    const doomed = await enqueueBeside(parent);
    await other.query('commit');
    await settle(other);
    await worker.client.query('select pulp.cancel($1)', [parent]);
    await worker.client.query('commit');
    await settle(worker.client);
    assert.deepEqual(await states(worker.client, [doomed]), ['skipped']);

    // Its parent ends in a transaction that is not over, or is taken back; others are not held up by it.
    const [open, busy] = [await worker.enqueue({ delay: '1h' }), await worker.enqueue({ delay: '1h' })];
    const waiting = await worker.enqueue({ after: [open] });
    const beside = await worker.enqueue({ after: [busy], on: 'finish' });
    await other.query('begin');
    await other.query('select pulp.cancel($1)', [open]);
    await worker.client.query('select pulp.cancel($1)', [busy]);
    await settle(worker.client);
    assert.equal((await worker.startOne()).id, beside);
    await other.query('rollback');
    await settle(worker.client);
    assert.deepEqual(await states(worker.client, [waiting]), ['waiting']);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('can be canceled, changed and run again like others', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const parent = await worker.enqueue();
    const [canceled, moved, skipped] = [
      await worker.enqueue({ after: [parent] }),
      await worker.enqueue({ after: [parent], on: 'finish' }),
      await worker.enqueue({ after: [parent] }),
    ];
    await worker.client.query('select pulp.cancel($1)', [canceled]);
    await worker.client.query(`select pulp.set_tasks(array[$1::uuid], 5, 'other')`, [moved]);
    const run = await worker.startOne();
    await worker.finish([ended(run, 'failed')]);
    await settle(worker.client);
    assert.deepEqual(await states(worker.client, [canceled, moved, skipped]), [
      'canceled',
      'waiting',
      'skipped',
    ]);
    const { rows } = await worker.client.query('select name, priority from pulp_boss.job where id = $1', [
      moved,
    ]);
    assert.deepEqual(rows, [{ name: 'other', priority: 5 }]);

    // A parent that is run again changes nothing for those that were skipped; who has them run does so whatever became of it.
    await worker.client.query('select pulp.retry($1)', [parent]);
    await worker.client.query('select pulp.retry_tasks($1)', [[canceled, skipped]]);
    await settle(worker.client);
    assert.deepEqual((await worker.start(10)).map(({ id }) => id).sort(), [parent, canceled, skipped].sort());
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('keep what they come after from being purged until it is judged', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const parent = await worker.enqueue();
    await worker.enqueue({ after: [parent], on: 'finish' });
    await worker.client.query('select pulp.cancel($1)', [parent]);
    const purge = async () => {
      const { rows } = await worker.client.query<{ purged: string }>(
        `select purged from pulp.purge_tasks(now() + interval '1 h')`,
      );
      return rows[0]?.purged;
    };
    assert.equal(await purge(), '0');
    await settle(worker.client);
    assert.equal(await purge(), '1');
    assert.equal((await worker.start(1)).length, 1);
    const [code, message] = await codeOf(worker.enqueue({ after: [parent] }));
    assert.deepEqual([code, message], ['PU040', `after: there is no task ${parent}`]);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('are many after one, and one after many', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const root = await worker.enqueue();
    await worker.client.query(
      `select pulp.enqueue_columns(jsonb_build_object('name', 't', 'after', jsonb_build_array($1::text)), args => (select jsonb_agg('[]'::jsonb) from generate_series(1, 2500)))`,
      [root],
    );
    await worker.finish([ended(await worker.startOne(), 'completed')]);
    await settle(worker.client);
    const runs = await worker.start(200);
    assert.equal(runs.length, 200);
    for (const { id } of runs.slice(0, 5))
      for (let left = 5; left > 0; left -= 1) await worker.enqueue({ after: [id] });
    const last = await worker.enqueue({ after: runs.map(({ id }) => id) });
    await worker.finish(runs.map((run) => ended(run, 'completed')));
    await settle(worker.client, 3);
    const { rows: left } = await worker.client.query('select from pulp.dependency');
    assert.equal(left.length, 0);
    const { rows } = await worker.client.query('select from pulp_boss.job where id = $1', [last]);
    assert.equal(rows.length, 1);
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('end as a model says, in any net', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const node = fc.record({
      after: fc.uniqueArray(fc.nat(), { maxLength: 3 }),
      on: fc.constantFrom('success', 'finish'),
      ends: fc.constantFrom('completed', 'completed', 'failed', 'canceled'),
      isClaiming: fc.boolean(),
      isCancelledFirst: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
    });
    const nets = fc.array(node, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(nets, fc.boolean(), fc.constantFrom(1, 2, 1000), async (nodes, together, batch) => {
        const ids: string[] = nodes.map(() => crypto.randomUUID());
        const parentsOf = (place: number) =>
          place === 0 ? [] : [...new Set(nodes[place]?.after.map((number) => number % place))];
        const items = nodes.map(({ on, isClaiming }, place) => {
          const after = parentsOf(place).map((parent) => ids[parent]);
          return {
            ...{ name: 't', id: ids[place], resources: isClaiming ? ['/a/'] : [] },
            ...(after.length === 0 ? {} : { after, on }),
          };
        });
        for (const batch of together ? [items.toReversed()] : items.map((item) => [item]))
          await worker.client.query('select pulp.enqueue_batch($1)', [JSON.stringify(batch)]);
        for (const [place, { isCancelledFirst }] of nodes.entries())
          if (isCancelledFirst) await worker.client.query('select pulp.cancel($1)', [ids[place]]);
        for (let left = nodes.length + 1; left > 0; left -= 1) {
          await settle(worker.client, batch);
          for (const run of await worker.start(3)) {
            await worker.finish([ended(run, nodes[ids.indexOf(run.id)]?.ends ?? '')]);
          }
        }
        const expected: string[] = [];
        for (const [place, { on, ends, isCancelledFirst }] of nodes.entries()) {
          const met = parentsOf(place).every((parent) => on === 'finish' || expected[parent] === 'completed');
          expected.push(isCancelledFirst ? 'canceled' : met ? ends : 'skipped');
        }
        assert.deepEqual(await states(worker.client, ids), expected);
      }),
      { numRuns: 40 },
    );
    assert.deepEqual(await checkLog(worker.client), []);
  });

  test('are put right when what says that they wait is lost or wrong', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const [done, parent] = [await worker.enqueue(), await worker.enqueue()];
    const child = await worker.enqueue({ after: [done, parent] });
    await worker.finish([ended(await worker.startOne(), 'completed')]);
    await settle(worker.client);
    await worker.client.query(`select pulp.purge_tasks(now() + interval '1 h')`);
    const damages = {
      'nothing says what it waits for': 'delete from pulp.dependency',
      'it waits for another': `update pulp.dependency set name = '0196a000-0000-7000-8000-00000000000a'`,
      'one waits that does not': `insert into pulp.dependency values ('task', '${child}', '${parent}')`,
      'it is not deferred': 'delete from pulp.deferred',
      'what is over is on no list': `insert into pulp.dependency values ('task', '${done}', '${child}'); delete from pulp.ending`,
    };
    for (const [what, damage] of Object.entries(damages)) {
      await worker.client.query(damage);
      const found = (await verify(database.url)).violations.map(({ rule }) => rule);
      assert(found.length > 0, what);
      const { violations } = await rebuild(database.url);
      assert.deepEqual(violations, [], what);
      await settle(worker.client);
      assert.deepEqual(await states(worker.client, [child]), ['waiting'], what);
      assert.deepEqual(await checkLog(worker.client), [], what);
    }
    await worker.finish([ended(await worker.startOne(), 'completed')]);
    await settle(worker.client);
    assert.equal((await worker.startOne()).id, child);
    assert.deepEqual(await checkLog(worker.client), []);
  });
});
