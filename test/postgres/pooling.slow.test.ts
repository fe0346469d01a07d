import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import {
  cancel,
  closeConnection,
  enqueueMany,
  enqueueWithReservation,
  type EnqueueRequest,
} from '../../src/index.ts';
import { PulpError } from '../../src/errors.ts';
import { openClient } from '../../src/postgres/dedicated-client.ts';
import { refuseTransactionPooling } from '../../src/postgres/session-pooling.ts';
import { listTasks, readTask } from '../../src/queries/task.ts';
import { enqueueLines, type Line } from '../../src/tasks/enqueue-lines.ts';
import { connect, createDatabase, databaseUrl } from '../support/database.ts';
import { FaultyProxy } from '../support/faulty-proxy.ts';
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { TransactionPooler } from '../support/transaction-pooler.ts';

const withPgBouncer = (await hasPgBouncer()) ? {} : { skip: 'pgbouncer is not installed' };

/** What the check of a worker's connection says, and how long it took in milliseconds. */
async function check(url: string): Promise<{ code: string | undefined; ms: number }> {
  const client = await openClient(url);
  const startedAt = performance.now();
  try {
    const code = await refuseTransactionPooling(client, url).then(
      () => undefined,
      (error: unknown) => {
        assert.ok(error instanceof PulpError);
        return error.code;
      },
    );
    return { code, ms: performance.now() - startedAt };
  } finally {
    await client.end();
  }
}

async function* linesOf(count: number): AsyncGenerator<Line> {
  for (let number = 1; number <= count; number++) {
    await Promise.resolve();
    yield { number, bytes: Buffer.from('{"name": "any", "unchecked": true}') };
  }
}

/** Callers do all that they can do, several at once, and twice so that they meet what the first ones left behind. */
async function useAsCaller(databaseUrl: string, poolerUrl: string): Promise<void> {
  process.env['DATABASE_URL'] = poolerUrl;
  const request: EnqueueRequest = { task: 'any', resources: ['/a/'], unchecked: true };
  const [first, ...others] = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      enqueueWithReservation('any', [`/${index}/`], { unchecked: true }),
    ),
  );
  assert.ok(first);
  assert.equal((await enqueueMany(Array<EnqueueRequest>(2500).fill(request))).length, 2500);
  const bulks = await Promise.all([
    enqueueLines(linesOf(2500), undefined),
    enqueueLines(linesOf(10), undefined),
  ]);
  assert.deepEqual(
    bulks.map((ids) => ids.length),
    [2500, 10],
  );
  assert.equal((await readTask(first.id))?.state, 'waiting');
  assert.equal((await listTasks({ limit: 10 })).length, 10);
  const over = first.wait({ timeout: 20_000 });
  assert.equal(await cancel(first.id), 'canceled');
  assert.equal((await over).state, 'canceled');
  await Promise.all(others.map((task) => task.cancel()));
  await closeConnection();

  await using client = await connect(databaseUrl);
  const { rows } = await client.query<{ tasks: number }>('select count(*)::integer as tasks from pulp.task');
  assert.equal(rows[0]?.tasks, 5030);
}

suite('callers behind a transaction pooler', () => {
  afterEach(closeConnection);

  test('enqueue, cancel, read, list and wait', async () => {
    await using database = await createDatabase();
    await using pooler = await TransactionPooler.open(database.url, 2);
    await useAsCaller(database.url, pooler.url);
  });

  test('the same with PgBouncer', withPgBouncer, async () => {
    await using database = await createDatabase();
    await using pooler = await startPgBouncer(database.url, 'transaction');
    await useAsCaller(database.url, pooler.url);
  });
});

suite('the check of a worker', () => {
  test('a direct connection passes at once, also through something that passes bytes on', async () => {
    await using proxy = await FaultyProxy.open(databaseUrl('postgres'));
    for (const url of [databaseUrl('postgres'), proxy.url]) {
      const { code, ms } = await check(url);
      assert.equal(code, undefined);
      assert.ok(ms < 500, `${ms} ms`);
    }
    assert.ok((await check(databaseUrl('postgres'))).ms < 500);
  });

  for (const size of [1, 2, 20]) {
    test(`a transaction pooler with ${size} backends is refused`, async () => {
      await using pooler = await TransactionPooler.open(databaseUrl('postgres'), size);
      const { code, ms } = await check(pooler.url);
      assert.equal(code, 'TRANSACTION_POOLING');
      assert.ok(ms < 3000, `${ms} ms`);
    });
  }

  test(
    'PgBouncer is refused in its modes that share sessions, and only in these',
    withPgBouncer,
    async () => {
      for (const [mode, expected] of [
        ['transaction', 'TRANSACTION_POOLING'],
        ['statement', 'TRANSACTION_POOLING'],
        ['session', undefined],
      ] as const) {
        await using pooler = await startPgBouncer(databaseUrl('postgres'), mode);
        const { code, ms } = await check(pooler.url);
        assert.equal(code, expected, mode);
        assert.ok(ms < 3000, `${ms} ms`);
      }
    },
  );
});
