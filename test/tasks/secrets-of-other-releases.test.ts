import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { z } from 'zod';
import {
  createPulp,
  defineTask,
  enqueueWith,
  enqueueWithReservation,
  type QueryClient,
} from '../../src/index.ts';
import { enqueueGoodLines } from '../../src/tasks/enqueue-lines.ts';
import { TaskTypeCheck } from '../../src/tasks/task-type-check.ts';
import { connect, createDatabase } from '../support/database.ts';
import { environment } from '../support/environment.ts';

const behind = defineTask('sync', {
  kwargs: z.object({ token: z.string().optional(), password: z.string().optional() }),
  run: () => undefined,
});

const SECRETS = { token: 'hunter22', password: 'swordfish' };

/** Another release of `sync` marks a secret. */
async function mark(client: Client, name: string): Promise<void> {
  const type = { name: 'sync', schema: { kwargs: {}, secrets: [['kwargs', name]] } };
  await client.query('select pulp.publish_task_types($1, $2)', [
    'w',
    JSON.stringify([{ ...type, isolation: 'horse', on_worker_loss: 'cancel' }]),
  ]);
}

/** Which arguments of tasks are encrypted, in the order in which they were enqueued. */
async function encrypted(client: Client): Promise<readonly (readonly string[])[]> {
  const { rows } = await client.query<{ kwargs: Readonly<Record<string, unknown>> }>(
    'select kwargs from pulp.task order by enqueued_at, position',
  );
  return rows.map(({ kwargs }) =>
    Object.keys(kwargs)
      .filter((key) => typeof kwargs[key] === 'object')
      .sort(),
  );
}

/** Each is in a database of its own, of which this process knows nothing yet. */
function inOwnDatabase(what: string, check: (client: Client) => Promise<void>): void {
  test(what, async () => {
    using _ = environment('PULP_SECRET_KEYS', `a:${randomBytes(32).toString('base64')}`);
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = createPulp({ databaseUrl: database.url });
    await pulp.run(() => check(client));
  });
}

suite('secrets that the code at hand does not mark, but another release', () => {
  inOwnDatabase(
    'are encrypted by enqueueWith, at its first call and whenever there are more',
    async (client) => {
      await client.query('begin');
      await enqueueWith(client, behind, { kwargs: SECRETS });
      await mark(client, 'token');
      await enqueueWith(client, behind, { kwargs: SECRETS });
      await enqueueWith(client, 'sync', { kwargs: SECRETS });
      await mark(client, 'password');
      for (const task of [behind, behind.name, behind]) await enqueueWith(client, task, { kwargs: SECRETS });
      await client.query('commit');
      const both = ['password', 'token'];
      assert.deepEqual(await encrypted(client), [[], ['token'], ['token'], both, both, both]);
    },
  );

  inOwnDatabase('cost enqueueWith a second statement once', async (client) => {
    let statements = 0;
    const counting: QueryClient = {
      query: (text, values) => {
        statements += 1;
        return client.query<object>(text, values);
      },
    };
    await enqueueWith(counting, behind, { kwargs: SECRETS });
    assert.equal(statements, 1);
    await mark(client, 'token');
    await enqueueWith(counting, behind, { kwargs: SECRETS });
    assert.equal(statements, 3);
    await enqueueWith(counting, behind, { kwargs: SECRETS });
    assert.equal(statements, 4);
  });

  inOwnDatabase('are encrypted by enqueueWithReservation', async (client) => {
    for (const name of ['token', 'password']) {
      await mark(client, name);
      await enqueueWithReservation(behind, [], { kwargs: SECRETS });
    }
    assert.deepEqual(await encrypted(client), [['token'], ['password', 'token']]);
  });

  inOwnDatabase('are encrypted where they are marked while lines are read', async (client) => {
    const bytes = Buffer.from(JSON.stringify({ name: 'sync', kwargs: SECRETS }));
    const lines = async function* () {
      await mark(client, 'other');
      for (let number = 1; number <= 2000; number++) {
        if (number === 1001) await mark(client, 'token'); // the first thousand is enqueued by then
        yield { number, bytes };
      }
    };
    const types = new TaskTypeCheck(new Map([[behind.name, behind]]));
    for await (const { ids, refused } of enqueueGoodLines(lines(), types))
      assert.deepEqual([ids.length, refused], [1000, []]);
    assert.deepEqual(
      (await encrypted(client)).map(([first]) => first),
      Array.from({ length: 2000 }, (_, index) => (index < 1000 ? undefined : 'token')),
    );
  });
});
