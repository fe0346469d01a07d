import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';

test('numbers of resources and of workers begin anew at their end, and pass over those in use', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  const enqueue = async (name: string) => {
    await client.query(`select pulp.enqueue('t', resources => array[$1])`, [name]);
    await client.query('select pulp.grant_reservations()');
    const { rows } = await client.query<{ id: number }>('select id from pulp.resource where name = $1', [
      name,
    ]);
    return rows[0]?.id;
  };
  assert.equal(await enqueue('/first/'), 1);
  assert.equal(await enqueue('/second/'), 2);
  await client.query(`select setval('pulp.resource_number', 2147483646)`);
  assert.equal(await enqueue('/last/'), 2_147_483_647);
  assert.equal(await enqueue('/again/'), 3);

  const bear = async (name: string) => {
    await client.query(`select pulp.worker_online($1, 'h', 1, '{default}', 1, '[]')`, [name]);
    const { rows } = await client.query<{ id: number }>('select id from pulp.worker_name where name = $1', [
      name,
    ]);
    return rows[0]?.id;
  };
  assert.equal(await bear('first'), 1);
  await client.query(`select setval('pulp.worker_name_number', 2147483647)`);
  assert.equal(await bear('again'), 2);
  assert.deepEqual((await client.query('select * from pulp.verify()')).rows, []);
});
