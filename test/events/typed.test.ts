import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { z } from 'zod';
import { defineEvent } from '../../src/events/define-event.ts';
import { parseBy, parseEvent } from '../../src/events/event.ts';
import { EVENT_TYPES } from '../../src/events/event-types.ts';
import { connect, createDatabase } from '../support/database.ts';

const started = {
  stream_kind: 'task',
  stream_id: '0196a000-0000-7000-8000-000000000001',
  version: 2,
  type: 'TaskStarted',
  schema_version: 1,
  data: { worker: 'w', attempt: 1 },
};

/** A type that has changed twice: a task once was started without a count, then `turn` got its present name. */
const CHANGED = {
  TaskStarted: defineEvent(
    'task',
    () => [
      z.strictObject({ worker: z.string() }),
      z.strictObject({ worker: z.string(), turn: z.int() }),
      z.strictObject({ worker: z.string(), attempt: z.int() }),
    ],
    [
      (facts: { worker: string }) => ({ ...facts, turn: 1 }),
      ({ worker, turn }: { worker: string; turn: number }) => ({ worker, attempt: turn }),
    ],
  ),
};

suite('typed events', () => {
  test('are parsed by their type, and keep what else they have', () => {
    const event = parseEvent({ ...started, cursor: '12:3' });
    assert.equal(event.cursor, '12:3');
    assert.equal(event.type, 'TaskStarted');
    if (event.type === 'TaskStarted') assert.equal(event.data.attempt + 1, 2); // typed by its type
    assert.deepEqual(event, { ...started, cursor: '12:3' });
  });

  test('of older versions are told as of the latest', () => {
    const versions = [{ worker: 'w' }, { worker: 'w', turn: 2 }, { worker: 'w', attempt: 3 }];
    const told = versions.map((data, index) =>
      parseBy(CHANGED, { ...started, schema_version: index + 1, data: Object.freeze(data) }),
    );
    assert.deepEqual(
      told.map(({ data }) => data),
      [1, 2, 3].map((attempt) => ({ worker: 'w', attempt })),
    );
    assert.deepEqual(new Set(told.map(({ schema_version }) => schema_version)), new Set([3]));
    assert.throws(() => defineEvent('task', () => [z.unknown(), z.unknown()]).versions, TypeError);
  });

  const unreadable: Readonly<Record<string, [change: object, message: RegExp]>> = {
    'a type that is not known': [{ type: 'TaskVanished' }, /there is no type TaskVanished/],
    'a type that JavaScript knows': [{ type: 'constructor' }, /there is no type constructor/],
    'a version to come': [{ schema_version: 2 }, /there is no version 2 of TaskStarted/],
    'no version': [{ schema_version: 0 }, /there is no version 0/],
    'a stream of another kind': [{ stream_kind: 'worker' }, /belongs to a stream of kind task/],
    'a fact that is missing': [{ data: { worker: 'w' } }, /data\.attempt of TaskStarted/],
    'a fact too much': [{ data: { ...started.data, colour: 'red' } }, /data of TaskStarted: .*colour/],
    'no facts': [{ data: null }, /data of TaskStarted/],
    'a missing payload': [{ type: 'TaskCompleted', data: {} }, /data\.result of TaskCompleted: is missing/],
  };
  for (const [what, [change, message]] of Object.entries(unreadable)) {
    test(`with ${what} are refused`, () => {
      assert.throws(() => parseEvent({ ...started, ...change }), { code: 'LOG_UNREADABLE', message });
    });
  }

  test('are of the types that the database writes and folds, no more and no fewer', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const labels = async (functions: string) => {
      const { rows } = await client.query<{ label: string }>(
        `select distinct label[1] as label
         from pg_proc p, regexp_matches(p.prosrc, '''((?:Task|Unique|Progress|Resources|Reservation|Worker|Leader|Leaf|Era|Policy|Quota|Secret|Queue|Type|Resource|All|Schedule|Occurrence|Group|Dependencies|Subscription|Retention|Capacity|Rate|Hold)[A-Z][A-Za-z]+)''', 'g') as label
         where p.pronamespace = 'pulp'::regnamespace and p.proname ~ $1`,
        [functions],
      );
      return new Set(rows.map(({ label }) => label));
    };
    const names = Object.keys(EVENT_TYPES);
    assert.deepEqual(await labels('.'), new Set(names));
    // What becomes of the log itself is no state, nor are settings.
    assert.deepEqual(
      await labels('^(evolve_|task_after$)'),
      new Set(names.filter((name) => !/^(Leaf|Era|Policy|Quota|TaskType|Secret)/.test(name))),
    );
  });
});
