import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { closeConnection } from '../../src/index.ts';
import { TaskTypeCheck } from '../../src/tasks/task-type-check.ts';
import { connect, createDatabase, type TestDatabase } from '../support/database.ts';

const TYPE = { name: 't', isolation: 'horse', on_worker_loss: 'cancel', schema: {} };

/** Publications that are refused, and what is said of them. */
const BURDENS: readonly (readonly [what: string, types: unknown, message: RegExp])[] = [
  ['no list', {}, /^task types: must be an array$/],
  [
    'a name that is none',
    [TYPE, { ...TYPE, name: '\u001b[2J\n' }],
    /^task type "\\u001b\[2J\\n": its name must/,
  ],
  ['a name without end', [{ ...TYPE, name: 'n'.repeat(3015) }], /^task type "n{128}": its name must/],
  ['no schema', [{ ...TYPE, schema: null }], /^task type t: its schema must be an object$/],
  [
    'a long schema',
    [{ ...TYPE, schema: { a: 'x'.repeat(65_536) } }],
    /^task type t: its schema is longer than 65536/,
  ],
  [
    'a deep schema',
    [{ ...TYPE, schema: JSON.parse(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`) as unknown }],
    /^task type t: schema\.a.* is nested deeper than 64 levels$/,
  ],
  [
    'a long release',
    [{ ...TYPE, release: 'r'.repeat(5000) }],
    /^task type t: is longer than 4096 bytes beside/,
  ],
];

/** Schemas that any worker may have published, and a value that takes for ever by them. */
const DEAR = {
  pattern: [{ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(40)}!`],
  'pattern of a member': [
    { type: 'object', properties: { a: { type: 'string', pattern: '^(\\w+\\s?)*$' } } },
    { a: `${'word '.repeat(40)}!` },
  ],
} as const;

suite('published schemas', () => {
  for (const [what, types, message] of BURDENS) {
    test(`with ${what} are refused, and nothing is published`, async () => {
      await using database = await createDatabase();
      await using client = await connect(database.url);
      await assert.rejects(
        client.query(`select pulp.worker_online('w', 'h', 1, '{default}', 1, $1)`, [JSON.stringify(types)]),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'PU004');
          assert.match(error.message, message);
          return true;
        },
      );
      assert.deepEqual((await client.query('select from pulp.task_type')).rowCount, 0);
    });
  }

  for (const [what, [schema, value]] of Object.entries(DEAR)) {
    test(`with a dear ${what} hold up no caller`, async () => {
      await using database = await createDatabase();
      await publish(database, schema);
      const begun = performance.now();
      await assert.rejects(new TaskTypeCheck().check('t', [value], {}), { code: 'SCHEMA_TOO_DEAR' });
      assert.ok(performance.now() - begun < 20_000);
      await new TaskTypeCheck().check('t', [], {});
      await closeConnection();
    });
  }

  test('are gone by, of as many types and calls as there are', async () => {
    await using database = await createDatabase();
    await publish(database, { type: 'string', pattern: '^[a-z]+$', maxLength: 3 });
    const check = new TaskTypeCheck();
    await Promise.all(Array.from({ length: 50 }, () => check.check('t', ['abc'], {})));
    await assert.rejects(check.check('t', ['abcd'], {}), { code: 'INVALID_INPUT', message: /^args\.0: / });
    await assert.rejects(check.check('t', ['A'], {}), { code: 'INVALID_INPUT', message: /^args\.0: / });
    await closeConnection();
  });
});

async function publish(database: TestDatabase, argument: unknown): Promise<void> {
  process.env['DATABASE_URL'] = database.url;
  await using client = await connect(database.url);
  const schema = { args: { type: 'array', items: argument }, kwargs: { type: 'object' } };
  await client.query(`select pulp.worker_online('w', 'h', 1, '{default}', 1, $1)`, [
    JSON.stringify([{ ...TYPE, schema }]),
  ]);
}
