import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import {
  closeConnection,
  enqueueMany,
  enqueueWithReservation,
  PulpError,
  type EnqueueOptions,
} from '../../src/index.ts';
import { connect, createDatabase } from '../support/database.ts';
import { untilWaiting } from '../support/until-waiting.ts';

/** A database that the package enqueues in, and sessions of others there. */
interface Scene extends AsyncDisposable {
  readonly open: Client;
  readonly other: Client;
}

async function openScene(): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await createDatabase());
  process.env['DATABASE_URL'] = database.url;
  const open = opened.use(await connect(database.url));
  const other = opened.use(await connect(database.url));
  await other.query(`select pulp.create_queues('{default}')`);
  opened.defer(closeConnection);
  const kept = opened.move();
  return { open, other, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

type Asked = EnqueueOptions & { readonly kwargs?: unknown };

/** Enqueues one task of type `t`. */
async function enqueue(asked: Asked = {}): Promise<string> {
  return (await enqueueWithReservation('t', [], { unchecked: true, ...asked })).id;
}

/** What a request is answered: its own arguments, by the task that it was given, or the code and message of its refusal. */
function answerOf(asked: Asked, client: Client): Promise<string> {
  return enqueue(asked).then(
    async (id) => {
      const { rows } = await client.query<{ n: string }>(
        `select kwargs ->> 'n' as n from pulp.task where id = $1`,
        [id],
      );
      return `task ${rows[0]?.n}`;
    },
    (error: unknown) => {
      assert(error instanceof PulpError);
      return `${error.code} ${error.message}`;
    },
  );
}

/** Has requests come while the statements of those before them are under way; `then` is done when these are over. */
async function together<T>(
  { open, other }: Scene,
  ask: () => readonly Promise<T>[],
  then: () => Promise<unknown> = () => Promise.resolve(),
): Promise<T[]> {
  await open.query(`begin; select from pulp_boss.queue where name = 'default' for update`);
  const before = [enqueue(), enqueue()];
  await untilWaiting(other, 2);
  const asked = ask();
  await open.query('commit');
  await Promise.all(before);
  await then();
  return Promise.all(asked);
}

suite('callers who enqueue at the same time', () => {
  test('share statements', async () => {
    await using scene = await openScene();
    const ids = await together(scene, () => Array.from({ length: 60 }, (_, n) => enqueue({ kwargs: { n } })));
    const { rows } = await scene.other.query<{ statements: string }>(
      'select count(distinct tx) as statements from pulp.event where stream_id = any ($1)',
      [ids],
    );
    assert.ok(Number(rows[0]?.statements) <= 2, rows[0]?.statements);
  });

  test('are each answered for themselves', async () => {
    await using scene = await openScene();
    const { other } = scene;
    await using holder = await connect(process.env['DATABASE_URL'] ?? '');
    let round = 0;
    await other.query(`
      select pulp.worker_online('w', 'h', 1, '{default}', 1,
        '[{"name": "known", "schema": {}, "isolation": "inline", "on_worker_loss": "cancel"}]');
      select pulp.create_group('dispatched');
      select pulp.dispatch_group('dispatched');
      select pulp.enqueue('t', kwargs => '{"n": -1}', options => '{"unique": {"key": "held"}, "unchecked": true}')`);
    const kinds: Readonly<Record<string, (n: number) => readonly [Asked, RegExp]>> = {
      good: (n) => [{}, new RegExp(`^task ${n}$`)],
      dependent: () => {
        const missing = randomUUID();
        return [{ after: [missing] }, new RegExp(`^MISSING_DEPENDENCY after: there is no task ${missing}$`)];
      },
      bad: () => [{ priority: 1.5 }, /^INVALID_INPUT priority: /],
      late: () => [{ at: '2030-01-01' }, /^INVALID_INPUT at: /],
      unknown: () => [{ unchecked: false }, /^UNKNOWN_TASK_TYPE unknown task type "t"/],
      held: () => [{ unique: { key: 'held' } }, /^task -1$/],
      refused: () => [{ unique: { key: 'held', then: 'refuse' } }, /^NOT_UNIQUE /],
      taken: () => [{ unique: { key: `taken ${round}` } }, /^task -2$/],
      beaten: () => [{ unique: { key: `taken ${round}`, then: 'refuse' } }, /^NOT_UNIQUE /],
      dispatched: () => [{ group: 'dispatched' }, /^GROUP_DISPATCHED /],
      last: () => [{ group: 'nobody', finally: true }, /^MISSING_GROUP /],
      member: (n) => [{ group: 'nobody' }, new RegExp(`^task ${n}$`)],
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(kinds)), { minLength: 2, maxLength: 25 }),
        async (chosen) => {
          round += 1;
          const cases = chosen.map((kind, n) => {
            const [asked, answer] = kinds[kind]?.(n) ?? [{}, /^$/];
            return { asked: { kwargs: { n }, ...asked }, answer };
          });
          await holder.query('begin');
          await holder.query(`select pulp.enqueue('t', kwargs => '{"n": -2}', options => $1)`, [
            { unchecked: true, unique: { key: `taken ${round}` }, queue: 'another' },
          ]);
          const take = async () => {
            if (chosen.includes('taken') || chosen.includes('beaten')) await untilWaiting(other);
            await holder.query('commit');
          };
          const answers = await together(scene, () => cases.map(({ asked }) => answerOf(asked, other)), take);
          answers.forEach((answer, n) => {
            assert.match(answer, cases[n]?.answer ?? /^$/, `${n} of ${chosen.join(', ')}`);
          });
        },
      ),
      { numRuns: 12 },
    );
  });

  for (const [what, asked, free] of [
    ['a unique key', { unique: { key: 'k' } }, { unique: { key: 'l' } }],
    ['a unique key of its arguments', { unique: true }, { unique: true, kwargs: { other: 1 } }],
    ['an id', { id: '01999999-0000-7000-8000-000000000001' }, { id: randomUUID() }],
    ['a group', { group: 'g' }, { group: 'h' }],
    ['what its worker must have', { requires: { rpm: '>=2' } }, { requires: { rpm: '>=3' } }],
  ] as const) {
    test(`do not wait for who waits for ${what}`, async () => {
      await using scene = await openScene();
      const { open, other } = scene;
      await other.query(`select pulp.enqueue('t', options => $1)`, [{ requires: { rpm: '>=3' } }]);
      await open.query('begin');
      if ('group' in asked) await open.query(`select pulp.create_group('g')`);
      else await open.query(`select pulp.enqueue('t', options => $1)`, [{ ...asked, unchecked: true }]);
      const waiting = Array.from({ length: 5 }, () => enqueue(asked));
      await untilWaiting(other);
      const answered = await Promise.all([enqueue(), enqueue({ kwargs: { n: 1 } }), enqueue(free)]);
      assert.equal(new Set(answered).size, 3);
      await open.query('rollback');
      await Promise.all(waiting);
    });
  }

  test('do not wait for who waits, whatever many wait for', async () => {
    await using scene = await openScene();
    const { open, other } = scene;
    await open.query('begin');
    const keys = Array.from({ length: 8 }, (_, n) => ({ unique: { key: `k${n}` } }));
    for (const key of keys) await open.query(`select pulp.enqueue('t', options => $1)`, [key]);
    const waiting = keys.map(enqueue);
    await untilWaiting(other, 3);
    await Promise.all(Array.from({ length: 4 }, () => enqueue()));
    await open.query('commit');
    assert.equal(new Set(await Promise.all(waiting)).size, 8);
    assert.equal((await other.query('select from pulp.task')).rowCount, 12);
  });
});

test('what comes after a task of an earlier statement comes after the one that stands for it', async () => {
  await using scene = await openScene();
  const standing = await enqueue({ unique: { key: 'k' } });
  const id = randomUUID().toUpperCase();
  const handles = await enqueueMany([
    { task: 't', unchecked: true, id, unique: { key: 'k' } },
    ...Array.from({ length: 1500 }, () => ({ task: 't', unchecked: true })),
    { task: 't', unchecked: true, after: [id, id.toLowerCase()], kwargs: { after: [id] } },
  ]);
  assert.equal(handles[0]?.id, standing);
  const { rows } = await scene.other.query(
    `select options -> 'after' as after, kwargs from pulp.task where id = $1`,
    [handles.at(-1)?.id],
  );
  assert.deepEqual(rows, [{ after: [standing, standing], kwargs: { after: [id] } }]);
});
