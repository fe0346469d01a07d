import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { withColumnLists } from '../../src/postgres/column-lists.ts';
import { connect, createDatabase } from '../support/database.ts';

suite('lists of columns in scripts', () => {
  test('have the columns in the order in which rows have them, without those that are dropped', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await client.query(`
      create table public.thing (b int, gone int, "Odd name" int);
      alter table public.thing drop column gone, add column a int`);
    const script = 'update public.thing t set (/*columns public.thing*/) = row(t.*) /* columns of it */';
    const written = await withColumnLists(client, script);
    assert.equal(written, 'update public.thing t set (b, "Odd name", a) = row(t.*) /* columns of it */');
    await client.query(written);
  });

  test('are not made for all columns where the fold is called: it would be planned once for each', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows } = await client.query(
      "select proname from pg_proc where pronamespace = 'pulp'::regnamespace and prosrc ~ '\\(pulp\\.(evolve_task|task_after)\\([^;]*\\)\\.[*]'",
    );
    assert.deepEqual(rows, []);
  });

  test('of a table that is not there stop the migration', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await assert.rejects(withColumnLists(client, 'select /*columns pulp.absent*/'), { code: '42P01' });
  });

  test('have those columns alone that the fold changes by these events, on both sides', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const statement = (types: string, fold: string) =>
      `update pulp.task t set (/*columns pulp.task changed by ${types}*/) = row((${fold}).*) where t.id is null`;
    const due = `pulp.evolve_task(t, pulp.task_event(
      1, '1', t.id, t.version + 1, 'TaskDue', '{}', t.correlation_id, null, '', t.enqueued_at))`;
    const columns = ['"position"', 'version', 'unique_key'];
    assert.equal(
      await withColumnLists(client, statement('TaskDue', due)),
      `update pulp.task t set (${columns.join(', ')}) = row(${columns.map((column) => `(${due}).${column}`).join(', ')}) where t.id is null`,
    );
    const both = await withColumnLists(client, statement('TaskDue, ReservationGranted', due));
    assert.match(both, /set \(queue, unblocked_at, "position", version, unique_key\) = row\(/);
    await client.query(both);
  });

  test('stand in no function any more when it is loaded', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const { rows } = await client.query(
      "select proname from pg_proc where pronamespace = 'pulp'::regnamespace and prosrc ~ '/[*]columns '",
    );
    assert.deepEqual(rows, []);
  });
});

test("the fold of tasks makes a task's columns in the order in which they are stored", async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  const { rows } = await client.query<{ made: string[]; stored: string[] }>(`
    select array(select label[1] from pg_proc, regexp_matches(prosrc, '^    /[*] (\\w+) [*]/', 'gn') as label
        where oid = 'pulp.task_after'::regproc) as made,
      array(select attname::text from pg_attribute
        where attrelid = 'pulp.task'::regclass and attnum > 0 and not attisdropped order by attnum) as stored`);
  const [columns] = rows;
  assert(columns !== undefined && columns.stored.length > 30);
  assert.deepEqual(columns.made, columns.stored);
});
