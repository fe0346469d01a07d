import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { PgBoss } from 'pg-boss';
import { verify } from '../../src/maintenance/verify.ts';
import { connect, createDatabase } from '../support/database.ts';

/** What another client of pg-boss may do to a job of ours. */
const DEEDS: Readonly<Record<string, (boss: PgBoss, id: string) => Promise<unknown>>> = {
  fetches: (boss) => boss.fetch('default'),
  completes: async (boss, id) => {
    await boss.fetch('default');
    await boss.complete('default', id);
  },
  fails: async (boss, id) => {
    await boss.fetch('default');
    await boss.fail('default', id);
  },
  cancels: (boss, id) => boss.cancel('default', id),
  deletes: (boss, id) => boss.deleteJob('default', id),
};

suite('a client of pg-boss that takes from our queues', () => {
  for (const [deed, act] of Object.entries(DEEDS)) {
    for (const resources of [[], ['/a/']]) {
      test(`and ${deed} a job of a task with ${resources.length} claims is named, and the job put right`, async () => {
        await using database = await createDatabase();
        await using client = await connect(database.url);
        await using boss = await startBoss(database.url);
        const id = await enqueue(client, resources);
        await client.query('select pulp.grant_reservations()');
        await mend(client); // it has looked at it before
        await act(boss, id);

        const { violations } = await verify(database.url);
        assert.deepEqual(
          violations.map(({ rule, stream_id }) => [rule, stream_id]),
          [['jobs_of_tasks', id]],
        );
        if (deed !== 'fails') assert.match(violations[0]?.problem ?? '', /thief \(process \d+ on /);
        const { rows } = await client.query<{ why: Record<string, unknown> }>('select pulp.why($1) as why', [
          id,
        ]);
        if (deed !== 'fails') {
          assert.deepEqual(
            rows[0]?.why['reasons'],
            ['not_delivered', 'no_worker'].slice(0, (rows[0]?.why['reasons'] as []).length),
          );
          assert.match(JSON.stringify(rows[0]?.why['queue']), /thief \(process/);
        }

        const mended = await mend(client);
        assert.equal(mended.mended, 1);
        assert.match(mended.takers[0] ?? '', /^thief \(process \d+ on /);
        assert.deepEqual((await verify(database.url)).violations, []);
        assert.deepEqual(await mend(client), { mended: 0, takers: [] });
      });
    }
  }

  test('finds the deleted among very many in a round of small steps', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(`
      select pulp.enqueue_batch(jsonb_build_array(jsonb_build_object('name', 't'))) from generate_series(1, 300);
      delete from pulp_boss.job where id in (select id from pulp_boss.job order by id offset 140 limit 7)`);
    let mended = 0;
    for (let step = 0; step < 7; step += 1) mended += (await mend(client, 50)).mended;
    assert.equal(mended, 7);
    assert.deepEqual((await verify(database.url)).violations, []);
    await client.query(
      'delete from pulp_boss.job where id in (select id from pulp_boss.job order by id limit 3)',
    );
    for (let step = 0; step < 7; step += 1) mended += (await mend(client, 50)).mended;
    assert.equal(mended, 10, 'round and round');
  });

  test('leaves alone what is locked, and jobs that are of no task', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using other = await connect(database.url);
    const id = await enqueue(client, []);
    await client.query(`update pulp_boss.job set state = 'active'`);
    await client.query(`insert into pulp_boss.job (name, data, state) values ('default', '{}', 'active')`);
    await other.query('begin');
    await other.query('select from pulp.task where id = $1 for update', [id]);
    assert.equal((await mend(client)).mended, 0);
    await other.query('rollback');
    assert.equal((await mend(client)).mended, 1);
    assert.equal((await mend(client)).mended, 0);
  });
});

async function enqueue(client: Client, resources: readonly string[]): Promise<string> {
  const { rows } = await client.query<{ id: string }>("select pulp.enqueue('t', resources => $1) as id", [
    resources,
  ]);
  return rows[0]?.id ?? '';
}

async function mend(client: Client, batch = 1000): Promise<{ mended: number; takers: string[] }> {
  const { rows } = await client.query<{ mended: number; takers: string[] }>(
    'select * from pulp.mend_delivery($1)',
    [batch],
  );
  return rows[0] ?? { mended: -1, takers: [] };
}

async function startBoss(url: string): Promise<PgBoss & AsyncDisposable> {
  const boss = new PgBoss({
    connectionString: url,
    schema: 'pulp_boss',
    application_name: 'thief',
    supervise: false,
    schedule: false,
  });
  await boss.start();
  return Object.assign(boss, { [Symbol.asyncDispose]: () => boss.stop({ graceful: false }) });
}
