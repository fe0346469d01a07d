import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enqueueMany } from '../../src/index.ts';
import { connect } from '../support/database.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from '../workers/tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('../workers/tasks.ts', import.meta.url));

suite('a publication of all tables', () => {
  test('stops nothing', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    await client.query('create publication everything for all tables');
    await client.query('create table public.unnamed (a integer); insert into public.unnamed values (1)');
    await assert.rejects(
      client.query('delete from public.unnamed'),
      { code: '55000' },
      'so would it be without',
    );

    await engine.worker({ name: 'w' });
    const handles = await enqueueMany(
      Array.from({ length: 20 }, (_, n) => ({
        task: tasks.hold,
        kwargs: { ms: 1 },
        ...(n % 2 === 0 ? { resources: [`/${n % 4}/`] } : { sharedResources: ['/0/'] }),
        ...(n === 3 && { delay: '100ms' }),
      })),
    );
    const [canceled] = await enqueueMany([
      { task: tasks.hold, kwargs: { ms: 1 }, resources: ['/0/'], delay: '1h' },
    ]);
    await canceled?.cancel();
    const ends = await Promise.all(handles.map((handle) => handle.wait({ timeout: 20_000 })));
    assert.deepEqual(new Set(ends.map(({ state }) => state)), new Set(['completed']));
    await engine.stop();
    await client.query('select pulp.keep_up()');
    await client.query('select pulp.purge_tasks(clock_timestamp())');
    assert.deepEqual(await engine.violations(), []);
  });

  test('finds rows that can be told apart in all that is changed', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const { rows } = await client.query<{ name: string }>(`
      select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('pulp', 'pulp_boss') and c.relkind = 'r' and c.relname !~ '^event_' -- the log is append-only
        and c.relreplident = 'd' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
      order by 1`);
    assert.deepEqual(rows, []);
  });
});
