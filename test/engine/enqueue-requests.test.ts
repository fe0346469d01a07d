import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  closeConnection,
  enqueueMany,
  enqueueWithReservation,
  explainTask,
  listTasks,
  MissingResourceError,
  UnsupportedResourceError,
  type EnqueueRequest,
} from '../../src/index.ts';
import { connect, createDatabase } from '../support/database.ts';

const GOOD: EnqueueRequest = { task: 't', unchecked: true };

/** Requests that must be refused, with the beginning of the message. */
const BAD_REQUESTS: readonly (readonly [what: string, request: object, message: RegExp])[] = [
  ['a timeout that is not a number', { timeout: NaN }, /^timeout: is NaN, which is not a number of JSON$/],
  ['endless delay', { delay: Infinity }, /^delay: is Infinity, which is not a number of JSON$/],
  ['a priority that is not a number', { priority: NaN }, /^priority: is NaN, which is not a number of JSON$/],
  ['retries without end', { retries: Infinity }, /^retries: is Infinity, which is not a number of JSON$/],
  ['an invalid date', { at: new Date(NaN) }, /^at: is an invalid date$/],
  ['a queue with a slash', { queue: 'a/b' }, /^queue: must start with a letter/],
  [
    'a group with a NUL character',
    { group: 'a\0b' },
    /^group: holds a NUL character, which Postgres cannot store$/,
  ],
  [
    'a resource that is no text',
    { resources: ['/\ud800/'] },
    /^resources\[0\]: holds half of a surrogate pair, which is no text$/,
  ],
  ['no task type', { task: { name: 't' } }, /^task: must be a task type or the name of one$/],
  [
    'an option that is none',
    { shared_resources: ['/a/'] },
    /^shared_resources: unknown option; known are task,/,
  ],
  ['resources that are no list', { resources: '/a/' }, /^resources must be an array, .*not a string$/],
  ['a resource without a URL', { resources: [{}] }, /^an object with a url is wanted/],
];

const UNSUPPORTED = new Set(['resources that are no list', 'a resource without a URL']);

suite('requests in TypeScript', () => {
  for (const [what, request, message] of BAD_REQUESTS) {
    test(`with ${what} are refused; of several, the bad one is named, and nothing is enqueued`, async () => {
      await using database = await createDatabase();
      process.env['DATABASE_URL'] = database.url;
      try {
        const bad = { ...GOOD, ...request } as EnqueueRequest;
        await assert.rejects(enqueueMany([bad]), { name: 'PulpError', exitCode: 2, message });
        for (const at of [0, 1, 1500]) {
          const requests = Array.from({ length: at + 2 }, (_, index) => (index === at ? bad : GOOD));
          await assert.rejects(enqueueMany(requests), (error: Error) => {
            assert.match(error.message, new RegExp(`^request ${at}: ${message.source.slice(1)}`));
            assert.equal(error instanceof UnsupportedResourceError, UNSUPPORTED.has(what));
            return true;
          });
        }
        assert.deepEqual(await listTasks({ limit: 1 }), []);
      } finally {
        await closeConnection();
      }
    });
  }

  test('made at the same time are enqueued each for itself, whatever others ask for', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    process.env['DATABASE_URL'] = database.url;
    try {
      const wrong: Readonly<Record<number, object>> = {
        3: { queue: 'a/b' },
        17: { delay: 'soon' },
        18: { correlationId: '' },
      };
      const outcomes = await Promise.allSettled(
        Array.from({ length: 60 }, (_, number) =>
          enqueueWithReservation('t', number % 2 === 0 ? [] : ['/a/'], {
            unchecked: true,
            kwargs: { number },
            ...(number % 7 === 0 ? { priority: number } : {}),
            ...wrong[number],
          }),
        ),
      );
      const problems = outcomes.map((outcome) =>
        outcome.status === 'rejected' ? (outcome.reason as Error).message.replace(/:.*/, '') : undefined,
      );
      assert.deepEqual(
        problems.flatMap((problem, number) => (problem === undefined ? [] : [[number, problem]])),
        [
          [3, 'queue'],
          [17, 'delay'],
          [18, 'correlation_id'],
        ],
      );
      const { rows } = await client.query<{ id: string; number: number; priority: number; claims: number }>(
        `select id, (kwargs -> 'number')::int as number, priority, cardinality(exclusive_resources) as claims from pulp.task`,
      );
      const ids = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.id : undefined));
      assert.equal(rows.length, 57);
      for (const { id, number, priority, claims } of rows) {
        assert.equal(ids[number], id);
        assert.equal(priority, number % 7 === 0 ? number : 0);
        assert.equal(claims, number % 2);
      }
      const transactions = await client.query('select from pulp.event group by tx');
      assert.ok((transactions.rowCount ?? 0) < 57, 'they share transactions');
    } finally {
      await closeConnection();
    }
  });

  test('are explained; what is no id is no task', async () => {
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    try {
      const task = await enqueueWithReservation('t', [], { unchecked: true });
      assert.equal((await explainTask(task.id)).id, task.id);
      await assert.rejects(explainTask('nonsense'), MissingResourceError);
      await assert.rejects(task.wait({ timeout: NaN }), { code: 'INVALID_INPUT' });
      await assert.rejects(task.wait({ timeout: 'soon' }), { code: 'INVALID_INPUT' });
      await assert.rejects(task.wait({ timeout: 1 }), { code: 'WAIT_TIMEOUT' });
      await assert.rejects(task.wait({ timeout: '1ms' }), { code: 'WAIT_TIMEOUT' });
      await assert.rejects(task.cancel('x'.repeat(16_385)), { code: 'INVALID_INPUT' });
      await assert.rejects(task.cancel('a\0b'), { code: 'INVALID_INPUT' });
      assert.equal((await task.read()).state, 'waiting');
    } finally {
      await closeConnection();
    }
  });
});
