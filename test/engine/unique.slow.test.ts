import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { WorkerSession } from './worker-session.ts';

interface Unique {
  readonly key?: string;
  readonly for?: number | string;
  readonly while?: 'waiting' | 'unfinished';
  readonly then?: 'keep' | 'replace' | 'refuse';
}

async function enqueue(client: Client, unique: Unique | boolean, item: object = {}): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
    JSON.stringify([{ name: 't', unchecked: true, unique, ...item }]),
  ]);
  return rows[0]?.id ?? '';
}

async function stateOf(client: Client, id: string): Promise<string | undefined> {
  const { rows } = await client.query<{ state: string }>('select state from pulp.task where id = $1', [id]);
  return rows[0]?.state;
}

async function violations(client: Client): Promise<unknown[]> {
  return (await client.query<object>('select * from pulp.verify()')).rows;
}

suite('a unique task', () => {
  test('stands for every request for its key until it is final', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const first = await enqueue(client, { key: 'k' });
    assert.equal(await enqueue(client, { key: 'k' }), first, 'it waits');
    assert.notEqual(await enqueue(client, { key: 'other' }), first);
    assert.notEqual(await enqueue(client, { key: 'k' }, { name: 'u' }), first, 'another type');
    await client.query("select pulp.cancel(id) from pulp.task where unique_key like '%other' or name = 'u'");
    const [run] = await worker.start(100);
    assert.ok(run);
    assert.equal(await enqueue(client, { key: 'k' }), first, 'it runs');
    await worker.finish([{ ...run, outcome: 'completed' }]);
    const second = await enqueue(client, { key: 'k' });
    assert.notEqual(second, first);
    await client.query('select pulp.cancel($1)', [second]);
    assert.notEqual(await enqueue(client, { key: 'k' }), second, 'it was canceled');
    assert.deepEqual(await violations(client), []);
  });

  test('is told from others by its arguments unless it has a key', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const first = await enqueue(client, true, { kwargs: { a: 1, b: [2] } });
    assert.equal(await enqueue(client, true, { kwargs: { b: [2], a: 1 } }), first);
    assert.notEqual(await enqueue(client, true, { kwargs: { a: 1 } }), first);
    assert.notEqual(await enqueue(client, false, { kwargs: { a: 1, b: [2] } }), first);
  });

  test('may let go of its key when it starts', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const first = await enqueue(client, { key: 'k', while: 'waiting' });
    const [run] = await worker.start(100);
    const second = await enqueue(client, { key: 'k', while: 'waiting' });
    assert.notEqual(second, first);
    assert.ok(run);
    await worker.finish([{ ...run, outcome: 'failed' }]);
    assert.equal(await enqueue(client, { key: 'k', while: 'waiting' }), second);
    assert.deepEqual(await violations(client), []);
  });

  test('holds its key for a time, whatever becomes of it', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const first = await enqueue(client, { key: 'k', for: '1h' });
    await client.query('select pulp.cancel($1)', [first]);
    assert.equal(await enqueue(client, { key: 'k', for: '1h' }), first);

    const short = await enqueue(client, { key: 'short', for: 0.001 });
    const next = await enqueue(client, { key: 'short', for: '1h' });
    assert.notEqual(next, short, 'its time is over, although it still waits');
    const { rows } = await client.query<{ type: string }>(
      'select type from pulp.history($1) order by version',
      [short],
    );
    assert.equal(rows.at(-1)?.type, 'UniqueKeyReleased');
    assert.equal(await stateOf(client, short), 'waiting');
    assert.deepEqual(await violations(client), []);
  });

  test('is replaced, or the request refused, where that was asked for', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const first = await enqueue(client, { key: 'k' });
    const [run] = await worker.start(100);
    assert.equal(run?.id, first);
    await assert.rejects(enqueue(client, { key: 'k', then: 'refuse' }), {
      code: 'PU030',
      message: `unique: task ${first} stands for it`,
    });
    const second = await enqueue(client, { key: 'k', then: 'replace' });
    assert.equal(await stateOf(client, first), 'canceling');
    const third = await enqueue(client, { key: 'k', then: 'replace' });
    assert.equal(await stateOf(client, second), 'canceled');
    assert.equal(await enqueue(client, { key: 'k' }), third);
    assert.deepEqual(await violations(client), []);
  });

  test('is one among those that are enqueued together', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const batch = async (...items: object[]) =>
      (
        await client.query<{ id: string }>('select pulp.enqueue_batch($1) as id', [
          JSON.stringify(items.map((item) => ({ name: 't', ...item }))),
        ])
      ).rows.map(({ id }) => id);
    const [a, b, c, d] = await batch(
      { unique: { key: 'k' } },
      {},
      { unique: { key: 'k' } },
      { unique: true },
    );
    assert.equal(c, a);
    assert.equal(new Set([a, b, d]).size, 3);
    const replacing = { key: 'k', then: 'replace' };
    const [e, f] = await batch({ unique: replacing }, { unique: replacing });
    assert.equal(e, f);
    assert.notEqual(f, a);
    await assert.rejects(batch({}, { unique: { key: 'x' } }, { unique: { key: 'x', then: 'refuse' } }), {
      code: 'PU030',
      detail: '{"item": 2}',
    });
    assert.deepEqual(await violations(client), []);
  });

  test('is not made again where the answer was lost', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const id = randomUUID();
    for (const attempt of [1, 2]) {
      assert.equal(await enqueue(client, { key: 'k', for: '1h' }, { id }), id, `attempt ${attempt}`);
      assert.equal(
        await enqueue(client, { key: 'k', then: 'replace' }, { id: '00000000-0000-7000-8000-00000000000b' }),
        '00000000-0000-7000-8000-00000000000b',
      );
    }
    await assert.rejects(enqueue(client, { key: 'k' }, { id, kwargs: { other: 1 } }), { code: 'PU003' });
  });

  test('goes to one of many who ask at once', async () => {
    await using database = await createDatabase();
    const clients = await Promise.all(Array.from({ length: 6 }, () => connect(database.url)));
    try {
      for (let round = 0; round < 20; round += 1) {
        const ids = await Promise.all(clients.map((client) => enqueue(client, { key: `k${round}` })));
        assert.equal(new Set(ids).size, 1);
      }
      const held = await Promise.allSettled(
        clients.map((client) => enqueue(client, { key: 'refused', then: 'refuse' })),
      );
      assert.equal(held.filter(({ status }) => status === 'fulfilled').length, 1);
      const replaced = await Promise.all(
        clients.map((client) => enqueue(client, { key: 'replaced', then: 'replace' })),
      );
      const states: (string | undefined)[] = [];
      for (const id of replaced) states.push(await stateOf(clients[0] as Client, id));
      assert.deepEqual(states.sort(), [...Array.from({ length: 5 }, () => 'canceled'), 'waiting']);
      assert.deepEqual(await violations(clients[0] as Client), []);
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  });

  test('does not start before the transaction has ended that was given it as a waiting one', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    await using client = await connect(database.url);
    const first = await enqueue(client, { key: 'k', while: 'waiting' });
    const free = await enqueue(client, false);
    await client.query('begin');
    assert.equal(await enqueue(client, { key: 'k', while: 'waiting' }), first);
    assert.deepEqual(
      (await worker.start(100)).map(({ id }) => id),
      [free],
      'nobody waits for it',
    );
    await client.query('commit');
    assert.deepEqual(
      (await worker.start(100)).map(({ id }) => id),
      [first],
    );
  });

  test('its type may say so', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url, {
      type: { defaults: { unique: { key: 'only' } } },
    });
    const first = await worker.enqueue();
    assert.equal(await worker.enqueue(), first);
    assert.notEqual(await worker.enqueue({ unique: false }), first);
  });

  test('says what is wrong with what is asked for', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    for (const [unique, problem] of [
      ['yes', /^error: unique: must be true/],
      [{ color: 1 }, /^error: unique: must be true/],
      [{ key: '' }, /^error: unique: key: /],
      [{ key: 'k'.repeat(257) }, /^error: unique: key: /],
      [{ for: 0 }, /^error: unique: for: /],
      [{ while: 'running' }, /^error: unique: while: /],
      [{ then: 'merge' }, /^error: unique: then: /],
    ] as const) {
      await assert.rejects(enqueue(client, unique as Unique), problem);
    }
    assert.equal((await client.query('select from pulp.task')).rowCount, 0);
  });

  test('whatever is done, each key has the holder that it should have', async () => {
    await using database = await createDatabase();
    await using worker = await WorkerSession.open(database.url);
    const { client } = worker;
    const step = fc.oneof(
      fc.record({
        do: fc.constant('enqueue' as const),
        key: fc.constantFrom('a', 'b'),
        while: fc.constantFrom('waiting' as const, 'unfinished' as const),
        then: fc.constantFrom('keep' as const, 'replace' as const, 'refuse' as const),
      }),
      fc.record({
        do: fc.constantFrom('start' as const, 'finish' as const, 'cancel' as const, 'retry' as const),
      }),
    );
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
        round += 1;
        const prefix = `r${round}`;
        const holders = new Map<string, { id: string; while: string }>();
        const letGo = (id: string, when: 'start' | 'end') => {
          for (const [key, holder] of holders)
            if (holder.id === id && (when === 'end' || holder.while === 'waiting')) holders.delete(key);
        };
        for (const one of steps) {
          if (one.do === 'enqueue') {
            const key = `${prefix}${one.key}`;
            const holder = holders.get(key);
            const asked = enqueue(client, { key, while: one.while, then: one.then }, { retries: 1 });
            if (holder !== undefined && one.then === 'refuse') {
              await assert.rejects(asked, { code: 'PU030' });
            } else {
              const id = await asked;
              if (holder !== undefined && one.then === 'keep') assert.equal(id, holder.id);
              else {
                assert.notEqual(id, holder?.id);
                holders.set(key, { id, while: one.while });
              }
            }
          } else if (one.do === 'start') {
            for (const { id } of await worker.start(100)) letGo(id, 'start');
          } else if (one.do === 'finish') {
            const { rows } = await client.query<{ id: string; attempt: number; fence: string }>(
              "select id, attempt, fence from pulp.task where state in ('running', 'canceling')",
            );
            for (const run of rows) {
              await worker.finish([{ ...run, outcome: 'completed' }]);
              letGo(run.id, 'end');
            }
          } else {
            const { rows } = await client.query<{ id: string }>(
              one.do === 'cancel'
                ? "select id from pulp.task where state = 'waiting'"
                : "select id from pulp.task where state in ('failed', 'canceled') order by id desc limit 1",
            );
            for (const { id } of rows) {
              await client.query(`select pulp.${one.do}($1)`, [id]);
              letGo(id, 'end');
            }
          }
          const { rows } = await client.query<{ key: string; id: string }>(
            `select split_part(unique_key, ' ', 2) as key, id from pulp.task where unique_key like 't ' || $1 || '%'`,
            [prefix],
          );
          assert.deepEqual(
            new Map(rows.map(({ key, id }) => [key, id])),
            new Map([...holders].map(([key, { id }]) => [key, id])),
          );
        }
        await client.query("select pulp.cancel(id) from pulp.task where state = 'waiting'");
      }),
      { numRuns: 40 },
    );
    assert.deepEqual(await violations(client), []);
  });
});
