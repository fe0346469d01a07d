import assert from 'node:assert/strict';
import test, { suite } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';

const deep = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

/** Items that must be refused, with what the message must name. */
const BAD_ITEMS: readonly [string, unknown, RegExp][] = [
  ['no object', 'noop', /object/],
  ['no name', {}, /^name/],
  ['a name that starts with a digit', { name: '1x' }, /^name/],
  ['a name with a slash', { name: 'a/b' }, /^name/],
  ['a name that is too long', { name: 'a'.repeat(129) }, /^name/],
  ['an unknown key', { name: 'a', colour: 'red' }, /^colour/],
  ['args that are an object', { name: 'a', args: {} }, /^args/],
  ['kwargs that are an array', { name: 'a', kwargs: [] }, /^kwargs/],
  [
    'a prototype',
    { name: 'a', kwargs: JSON.parse('{"a":{"__proto__":1}}') as unknown },
    /^kwargs\.a\.__proto__/,
  ],
  ['nesting too deep', { name: 'a', args: [deep(64)] }, /^args(\[0\])+: is nested/],
  ['a payload too large', { name: 'a', kwargs: { text: 'x'.repeat(1024 * 1024) } }, /^kwargs: is \d+ bytes/],
  ['resources that are a string', { name: 'a', resources: '/a/' }, /^resources/],
  ['no list of resources', { name: 'a', resources: null }, /^resources: must be an array/],
  ['no list of shared ones', { name: 'a', shared_resources: null }, /^shared_resources: must be an array/],
  ['a resource too long for a path', { name: 'a', resources: ['/ä/'.repeat(150)] }, /^resources\[0\]/],
  ['an empty resource', { name: 'a', resources: ['/a/', ''] }, /^resources\[1\]/],
  ['too many claims', { name: 'a', resources: Array.from({ length: 257 }, (_, i) => `/${i}/`) }, /256/],
  ['a queue with a slash', { name: 'a', queue: 'a/b' }, /^queue/],
  ['a fractional priority', { name: 'a', priority: 1.5 }, /^priority/],
  ['negative retries', { name: 'a', retries: -1 }, /^retries/],
  ['a delay without a unit', { name: 'a', delay: '30' }, /^delay/],
  ['a negative delay', { name: 'a', delay: -1 }, /^delay/],
  ['a timeout of nothing', { name: 'a', timeout: 0 }, /^timeout/],
  ['a time without its offset', { name: 'a', at: '2030-01-01T00:00:00' }, /^at/],
  ['a time that is none', { name: 'a', at: '2030-02-31T00:00:00Z' }, /^at/],
  ['a time and a delay', { name: 'a', at: '2030-01-01T00:00:00Z', delay: 1 }, /^at/],
  ['unchecked that is a text', { name: 'a', unchecked: 'foo' }, /^unchecked/],
  ['an id that is none', { name: 'a', id: '42' }, /^id/],
];

suite('enqueueing by SQL', () => {
  test('refuses bad items by path and index, and writes nothing', async (t) => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (const [what, item, message] of BAD_ITEMS) {
      await t.test(what, async () => {
        const items = JSON.stringify([{ name: 'good', resources: ['/a/'] }, item]);
        await assert.rejects(
          client.query('select pulp.enqueue_batch($1)', [items]),
          (error: Error & Record<string, unknown>) => {
            assert.equal(error['code'], 'PU004');
            assert.match(error.message, message);
            assert.deepEqual(JSON.parse(String(error['detail'])), { item: 1 });
            assert.notEqual(error['hint'], undefined);
            return true;
          },
        );
      });
    }
    for (const [number, text] of Object.entries({
      unsafe: '9007199254740993',
      infinite: '1e400',
      negative: '-1e300',
    })) {
      await t.test(`a number that JavaScript cannot hold: ${number}`, async () => {
        const items = `[{"name": "a", "kwargs": {"n": [${text}]}}]`;
        await assert.rejects(
          client.query('select pulp.enqueue_batch($1)', [items]),
          /^error: kwargs\.n\[0\]/,
        );
      });
    }
    await t.test('what jsonb itself refuses', async () => {
      for (const text of ['"\\u0000"', '"\\ud800"', 'NaN']) {
        await assert.rejects(client.query(`select pulp.enqueue('a', $1)`, [`[${text}]`]));
      }
    });
    const { rows } = await client.query(
      `select (select count(*)::int from pulp.event) as events, (select count(*)::int from pulp.task) as tasks,
         (select count(*)::int from pulp.reservation) as claims, (select count(*)::int from pulp_boss.job) as jobs`,
    );
    assert.deepEqual(rows, [{ events: 0, tasks: 0, claims: 0, jobs: 0 }]);
  });

  test('takes claims and arguments as such, and not among the options', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (const options of [{ resources: ['/a/'] }, { name: 'b' }, { delay: '9999999999d' }]) {
      await assert.rejects(client.query(`select pulp.enqueue('a', options => $1)`, [options]), {
        code: 'PU004',
      });
    }
    assert.equal((await client.query('select from pulp.task')).rowCount, 0);
  });

  test('takes what is just within the limits', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const items = [
      { name: `a${'b'.repeat(127)}`, args: [deep(63)] },
      { name: 'a', kwargs: { n: Number.MAX_SAFE_INTEGER, m: 0.1234567890123456, card: '1234567890123456' } },
      { name: 'a', resources: Array.from({ length: 256 }, (_, i) => `/${i}/`) },
      {
        name: 'a',
        args: null,
        kwargs: null,
        queue: null,
        delay: null,
        at: null,
        group: null,
      },
    ];
    const { rowCount } = await client.query('select pulp.enqueue_batch($1)', [JSON.stringify(items)]);
    assert.equal(rowCount, 4);
  });

  test('belongs to the caller’s transaction', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query('begin');
    await client.query("select pulp.enqueue('a', resources => array['/a/'])");
    await client.query("select pulp.enqueue('a')");
    await client.query('rollback');
    const { rows } = await client.query(
      'select (select count(*)::int from pulp.event) + (select count(*)::int from pulp_boss.job) as n',
    );
    assert.deepEqual(rows, [{ n: 0 }]);
  });

  test('enqueues the same id with the same content once, and refuses other content', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const id = '01a21109-0000-7000-8000-000000000001';
    const enqueue = (item: object) =>
      client.query('select pulp.enqueue_batch($1) as id', [JSON.stringify([{ id, ...item }])]);
    const item = { name: 'a', kwargs: { b: 1 }, resources: ['/x/', '/y/'], delay: '1h' };
    for (const again of [item, item, { ...item, resources: ['/y/', '/x/', '/x/'] }]) {
      assert.deepEqual((await enqueue(again)).rows, [{ id }]);
    }
    await assert.rejects(enqueue({ ...item, kwargs: { b: 2 } }), { code: 'PU003' });
    await assert.rejects(enqueue({ ...item, delay: '2h' }), { code: 'PU003' });
    const twice = JSON.stringify([
      { id: id.replace('1', '2'), name: 'a' },
      { id: id.replace('1', '2'), name: 'b' },
    ]);
    await assert.rejects(client.query('select pulp.enqueue_batch($1)', [twice]), { code: 'PU003' });
    const { rows } = await client.query(
      "select count(*)::int as n from pulp.event where type = 'TaskEnqueued'",
    );
    assert.deepEqual(rows, [{ n: 1 }]);
  });

  test('refuses a name that no worker has published, naming the nearest, once any was', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const types = [{ name: 'repo.sync', schema: {}, isolation: 'inline', on_worker_loss: 'cancel' }];
    await client.query("select pulp.worker_online('w', 'h', 1, '{default}', 1, $1)", [JSON.stringify(types)]);
    await client.query("select pulp.enqueue('repo.sync')");
    await assert.rejects(
      client.query("select pulp.enqueue('repo.snyc')"),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'PU005');
        assert.match(error.message, /did you mean repo\.sync/);
        return true;
      },
    );
    await client.query(`select pulp.enqueue('repo.snyc', options => '{"unchecked": true}')`);
  });

  test('is open to submitters, who can do nothing else', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query('set role pulp_submitter');
    const { rows } = await client.query<{ id: string }>(
      "select pulp.enqueue('a', resources => array['/a/']) as id",
    );
    assert.equal((await client.query('select from pulp.task')).rowCount, 1);
    await client.query('select pulp.cancel($1)', [rows[0]?.id]);
    for (const statement of [
      'select * from pulp.grant_reservations()',
      "select * from pulp.finish('w', 1, '[]')",
      'delete from pulp.task',
      "insert into pulp.event_single (stream_kind, stream_id, version, type, data) values ('task', 'x', 1, 'y', '{}')",
      'truncate pulp.wakeup',
    ]) {
      await assert.rejects(client.query(statement), { code: '42501' }, statement);
    }
    await assert.rejects(client.query("select pulp.check_task_types('{nowhere}')"), { code: 'PU005' });
    await client.query('set role pulp_observer');
    await assert.rejects(client.query("select pulp.enqueue('a')"), { code: '42501' });
  });

  test('keeps history as it was, also from its owner', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query("select pulp.enqueue('a')");
    const leaves = await client.query<{ leaf: string }>(
      `select relid::regclass::text as leaf from unnest('{pulp.event_batch,pulp.event_single}'::regclass[]) as class
       cross join lateral pg_partition_tree(class) where isleaf`,
    );
    for (const table of ['pulp.event_batch', 'pulp.event_single', ...leaves.rows.map(({ leaf }) => leaf)]) {
      await assert.rejects(client.query(`truncate ${table}`), { code: 'PU007' }, table);
    }
    await client.query(`select pulp.mark_worker_online('w')`);
    for (const table of ['pulp.event', 'pulp.event_batch', 'pulp.event_single']) {
      await assert.rejects(client.query(`delete from ${table}`), { code: 'PU007' });
      await assert.rejects(client.query(`update ${table} set actor = 'x'`), { code: 'PU007' });
    }
  });
});
