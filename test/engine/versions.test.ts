import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';

interface Worker {
  readonly name: string;
  readonly client: Client;
  readonly incarnation: string;
  readonly queues: readonly string[];
}

const TYPES = '[{"name": "t", "schema": {}, "isolation": "horse", "on_worker_loss": "cancel"}]';

async function born(url: string, name: string, versions: object | null, release: string | null = null) {
  const client = await connect(url);
  const queues = [name.startsWith('reserved') ? name : 'default'];
  const { rows } = await client.query<{ incarnation: string }>(
    `select pulp.worker_online($1, 'h', 1, $2, 10, $3, versions => $4, release => $5) as incarnation`,
    [name, queues, TYPES, JSON.stringify(versions), release],
  );
  return {
    name,
    client,
    queues,
    incarnation: rows[0]?.incarnation ?? '',
    [Symbol.asyncDispose]: () => client.end(),
  };
}

interface Started {
  readonly id: string;
  readonly attempt: number;
  readonly fence: string;
}

async function start({ name, client, incarnation, queues }: Worker, atMost = 10): Promise<Started[]> {
  const { rows } = await client.query<Started>(
    `select id, attempt, fence from pulp.start($1, $2, $3, '{t}', $4)`,
    [name, incarnation, queues, atMost],
  );
  return rows;
}

/** Records how runs ended, and gives what the worker starts in the same turn. */
async function turn(
  { name, client, incarnation, queues }: Worker,
  ended: readonly Started[],
  outcome = 'completed',
): Promise<string[]> {
  const { rows } = await client.query<{ id: string; verdict: string | null }>(
    `select id, verdict from pulp.finish_and_start($1, $2, $3, $4, '{t}', 10)`,
    [
      name,
      incarnation,
      JSON.stringify(ended.map((run) => ({ ...run, outcome, result: 1, error: { code: 'E' } }))),
      queues,
    ],
  );
  return rows.filter(({ verdict }) => verdict === null).map(({ id }) => id);
}

async function enqueue(client: Client, more: object = {}): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select id from pulp.enqueue_batch($1) as id', [
    JSON.stringify([{ name: 't', ...more }]),
  ]);
  return rows[0]?.id ?? '';
}

const ids = (runs: readonly Started[]) => runs.map(({ id }) => id);

suite('versions', () => {
  test('come in their order, and are in ranges or not', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const order = [
      '0.9',
      '1.0.dev3',
      '1.0a1',
      '1.0b1',
      '1.0b2',
      '1.0-rc.1',
      '1.0rc2',
      '1.0',
      '1.0.post1',
      '1.0.1',
      '1.9',
      '1.10',
      '2',
      '2.0.0.1',
      '10',
    ];
    for (const [place, version] of order.entries()) {
      const { rows } = await client.query<{ below: boolean | null; same: boolean }>(
        'select pulp.version_key($1) < pulp.version_key($2) as below, pulp.version_key($2) = pulp.version_key($2 || $3) as same',
        [order[place - 1] ?? '0', version, '+build.5'],
      );
      assert.deepEqual(rows, [{ below: true, same: true }], version);
    }
    for (const [range, met, unmet] of [
      ['>=2.1', '2.1 2.1.0 2.10 3 2.1.post1', '2.0.9 2.1rc1 1.9 nonsense'],
      ['>2.1', '2.1.1 3', '2.1 2.1.0 2.0'],
      ['<=2.1', '2.1 2.1.0 2.0.9 2.1rc1', '2.1.1 3'],
      ['<3', '2.9.9 3.0rc1', '3 3.0.0'],
      ['=2.1', '2.1 2.1.0', '2.1.1 2.1rc1'],
      ['==2.1.0', '2.1', '2.2'],
      ['!=2.1', '2.1.1 2.0', '2.1 2.1.0'],
      ['2.1', '2.1 2.1.7 2.1.post1', '2.2 2.10 2.1rc1'],
      ['2.1.x', '2.1 2.1.7', '2.2'],
      ['2.*', '2.9 2', '3 1'],
      ['2.1.0-rc.1', '2.1.0rc1', '2.1.0 2.1.0rc2'],
      ['*', '1 0.0.1', 'x'],
      ['^2.1', '2.1 2.99', '3 2.0.9'],
      ['^0.2.3', '0.2.3 0.2.9', '0.3 0.2.2'],
      ['^0.0.3', '0.0.3', '0.0.4'],
      ['^1', '1 1.9', '2 0.9'],
      ['~2.1.3', '2.1.3 2.1.9', '2.2 2.1.2'],
      ['~2', '2 2.9', '3'],
      ['>=2.1 <3', '2.1 2.9', '2 3'],
      ['>= 2.1, < 3', '2.1 2.9', '2 3'],
      ['<1 || >=2.1 <3 || 4.x', '0.9 2.1 4.7', '1 2 3 5'],
    ] as const) {
      const { rows: problems } = await client.query('select pulp.requires_problem($1) as problem', [
        { rpm: range },
      ]);
      assert.deepEqual(problems, [{ problem: null }], range);
      for (const [versions, expected] of [
        [met, true],
        [unmet, false],
      ] as const) {
        for (const version of versions.split(' ')) {
          const { rows } = await client.query<{ met: boolean }>('select pulp.is_in_range($1, $2) as met', [
            version,
            range,
          ]);
          assert.equal(rows[0]?.met, expected, `${version} in ${range}`);
        }
      }
    }
  });

  test('that a task requires are waited for, by whatever way it would start; others go on', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using old = await born(database.url, 'old', { rpm: '2.0.3' });
    await using none = await born(database.url, 'none', null);
    const requires = { rpm: '>=2.1' };
    const wanting = await enqueue(client, { requires });
    const plain = await enqueue(client);
    const both = await enqueue(client, { requires: { rpm: '>=2', deb: '1.x' } });
    assert.deepEqual(ids(await start(old)), [plain]);
    assert.deepEqual(await start(none), []);
    const {
      rows: [told],
    } = await client.query<{ why: { reasons: string[]; queue: { workers: object[]; requires: object } } }>(
      'select pulp.why($1) as why',
      [wanting],
    );
    assert.deepEqual(told?.why.reasons, ['versions_missing']);
    assert.deepEqual(told.why.queue.requires, requires);
    assert.partialDeepStrictEqual(told.why.queue.workers, [
      { name: 'none', knows_type: false, lacks: { rpm: null } },
      { name: 'old', knows_type: false, lacks: { rpm: '2.0.3' } },
    ]);

    await using fresh = await born(database.url, 'fresh', { rpm: '2.1.0' }, '2030.1');
    const runs = await start(fresh);
    assert.deepEqual(ids(runs), [wanting]);
    const { rows: starts } = await client.query(
      `select data from pulp.history($1) where type = 'TaskStarted'`,
      [wanting],
    );
    assert.deepEqual(starts, [{ data: { worker: 'fresh', attempt: 1, release: '2030.1' } }]);
    await using able = await born(database.url, 'able', { rpm: '2.5', deb: '1.9' });
    assert.deepEqual(ids(await start(able)), [both]);

    // One that fails comes again, to the same.
    const again = await enqueue(client, { requires, retries: 1 });
    await turn(fresh, await start(fresh), 'failed');
    await client.query(`update pulp.deferred set due_at = now()`);
    await client.query('select pulp.grant_reservations()');
    assert.deepEqual(await start(old), []);
    assert.deepEqual(ids(await start(fresh)), [again]);

    // What comes next on a resource is passed on to nobody who cannot run it.
    const first = await enqueue(client, { resources: ['/a/'] });
    const second = await enqueue(client, { resources: ['/a/'], requires });
    await client.query('select pulp.grant_reservations()');
    const held = await start(old);
    assert.deepEqual(ids(held), [first]);
    assert.deepEqual(await turn(old, held), []);
    await client.query('select pulp.grant_reservations()');
    assert.deepEqual(await start(old), []);
    assert.deepEqual(await checkLog(client), []);
    await client.query('select pulp.rebuild_tasks(array[$1::uuid])', [second]);
    assert.deepEqual(await start(old), []);
    assert.deepEqual(ids(await start(fresh)), [second]);
    assert.deepEqual(await checkLog(client), []);
  });

  test('decide to which reserved worker a task goes', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using old = await born(database.url, 'reserved-resource-worker-1', { rpm: '2.0' });
    const wanting = await enqueue(client, { resources: ['/a/'], requires: { rpm: '^2.1' } });
    await client.query('select pulp.grant_reservations(); select pulp.reroute_tasks()');
    assert.deepEqual(await start(old), []);
    await using fresh = await born(database.url, 'reserved-resource-worker-2', { rpm: '2.1' });
    await client.query('select pulp.reroute_tasks()');
    assert.deepEqual(await start(old), []);
    assert.deepEqual(ids(await start(fresh)), [wanting]);
    assert.deepEqual(await checkLog(client), []);
  });

  test('are said rightly, or nothing is written', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (const [requires, message] of [
      ['>=2', /requires: must be an object/],
      [{}, /requires: must be an object/],
      [[], /requires: must be an object/],
      [{ rpm: 2 }, /requires: rpm: must be a range of versions/],
      [{ rpm: '' }, /rpm: must be a range/],
      [{ rpm: 'new' }, /rpm: must be a range/],
      [{ rpm: '>=' }, /rpm: must be a range/],
      [{ rpm: '=>2' }, /rpm: must be a range/],
      [{ rpm: '>=2 ||' }, /rpm: must be a range/],
      [{ rpm: '>=2; drop' }, /rpm: must be a range/],
      [{ rpm: `>=${'1 >='.repeat(60)}1` }, /rpm: must be a range/],
      [{ '1st': '*' }, /1st: must start with a letter/],
      [Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`c${n}`, '*'])), /more than 20/],
    ] as const) {
      await assert.rejects(
        enqueue(client, { requires }),
        { code: 'PU004', message },
        JSON.stringify(requires),
      );
    }
    for (const versions of [[], { rpm: 2 }, { rpm: 'new' }, { '1st': '1' }]) {
      await assert.rejects(
        born(database.url, 'w', versions),
        { code: 'PU004', message: /^versions:/ },
        JSON.stringify(versions),
      );
    }
    const many = Array.from({ length: 1001 }, (_, n) => ({ name: 't', requires: { rpm: `=${n}` } }));
    await assert.rejects(client.query('select pulp.enqueue_batch($1)', [JSON.stringify(many)]), {
      code: 'PU062',
    });
    await enqueue(client, { requires: null });
    assert.equal((await client.query('select from pulp.requirement')).rowCount, 0);
    assert.equal((await client.query('select from pulp.task')).rowCount, 1);
    assert.deepEqual(await checkLog(client), []);
  });

  test('that were required are forgotten when no task has asked for them for a week', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using worker = await born(database.url, 'w', { rpm: '2' });
    const waiting = await enqueue(client, { requires: { rpm: '2' } });
    const gone = await enqueue(client, { requires: { rpm: '1' } });
    await client.query('select pulp.cancel($1)', [gone]);
    await client.query('select pulp.purge_tasks(clock_timestamp())');
    const forget = async () => {
      await client.query('select pulp.forget_requirements()');
      return (
        await client.query<{ requires: object }>('select requires from pulp.requirement order by kind')
      ).rows.map(({ requires }) => requires);
    };
    assert.deepEqual(await forget(), [{ rpm: '1' }, { rpm: '2' }]);
    await client.query(`update pulp.requirement set asked_at = now() - interval '8 days'`);
    assert.deepEqual(await forget(), [{ rpm: '2' }]);
    assert.deepEqual(ids(await start(worker)), [waiting]);
    await enqueue(client, { requires: { rpm: '2' } });
    await client.query('delete from pulp.requirement');
    const { rows } = await client.query('select rule from pulp.verify_workers()');
    assert.deepEqual(rows, [{ rule: 'requirement_known' }]);
    await client.query('select pulp.rebuild_requirements()');
    assert.deepEqual(await forget(), [{ rpm: '2' }]);
  });
});
