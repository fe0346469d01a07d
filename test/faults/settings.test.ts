import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cancel, enqueueMany, enqueueWithReservation } from '../../src/index.ts';
import { connectDedicated } from '../../src/postgres/dedicated-client.ts';
import { retrying } from '../../src/postgres/retry.ts';
import { readHistory } from '../../src/queries/task.ts';
import { CommandLine } from '../cli/command-line.ts';
import { connect, databaseUrl } from '../support/database.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from '../workers/tasks.ts';
import { eventually } from './eventually.ts';
import { isLong, scaled } from './scale.ts';

const TASKS_FILE = fileURLToPath(new URL('../workers/tasks.ts', import.meta.url));

type Settings = Readonly<Record<string, string>>;

/** What roles and databases are known to set, one by one. */
const ALONE: readonly Settings[] = [
  { default_transaction_isolation: 'serializable' },
  { default_transaction_isolation: 'repeatable read' },
  { default_transaction_read_only: 'on' },
  { default_transaction_deferrable: 'on' },
  { lock_timeout: '1s' },
  { statement_timeout: '1s' },
  { idle_in_transaction_session_timeout: '1s' },
  { idle_session_timeout: '1s' },
  { transaction_timeout: '1s' },
  { DateStyle: 'German, DMY' },
  { DateStyle: 'SQL, MDY' },
  { DateStyle: 'Postgres, DMY' },
  { IntervalStyle: 'sql_standard' },
  { IntervalStyle: 'iso_8601' },
  { TimeZone: 'Asia/Kolkata' },
  { standard_conforming_strings: 'off' },
  { search_path: '' },
  { bytea_output: 'escape' },
  { extra_float_digits: '-5' },
  { array_nulls: 'off', transform_null_equals: 'on' },
  { quote_all_identifiers: 'on' },
  { client_encoding: 'LATIN1' },
  { synchronous_commit: 'off' },
  { jit: 'on', jit_above_cost: '0' },
  { row_security: 'off' },
];

/** The same for every test run, several at once that do not hide one another's effect. */
const TOGETHER: readonly Settings[] = [
  Object.assign(
    {},
    ...ALONE.filter((settings) => !('default_transaction_read_only' in settings)),
  ) as Settings,
  {
    default_transaction_isolation: 'serializable',
    default_transaction_read_only: 'on',
    DateStyle: 'German, DMY',
    IntervalStyle: 'sql_standard',
  },
];

/** Has the database say so to all who connect from now on. */
async function alterDatabase(url: string, settings: Settings | 'reset'): Promise<void> {
  await using client = await connect(databaseUrl('postgres'));
  const name = new URL(url).pathname.slice(1);
  if (settings === 'reset') {
    await client.query(`alter database ${name} reset all`);
    return;
  }
  for (const [setting, value] of Object.entries(settings)) {
    await client.query(`alter database ${name} set ${setting} = '${value}'`).catch((error: unknown) => {
      if (setting !== 'transaction_timeout') throw error; // not before Postgres 17
    });
  }
}

/** Callers in another language, with sessions as they come: they try again what they are told to. */
async function enqueueBySql(url: string, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const id = randomUUID();
    await retrying(async () => {
      await using client = await connect(url);
      await client.query('begin read write');
      await client.query(
        `select pulp.enqueue('test.double', kwargs => jsonb_build_object('number', $1::integer),
           resources => array['/sql/' || $1 % 3], options => jsonb_build_object('delay', '100ms', 'id', $2::text))`,
        [number, id],
      );
      await client.query('commit');
    });
  }
}

/** Somebody builds an index on the tasks, or repacks them: nobody can write there for so long. */
async function lockTasks(url: string, seconds: number): Promise<void> {
  const client = await connectDedicated(url, 'index builder');
  await client.query(
    `begin read write; lock table pulp.task in share mode; select pg_sleep(${seconds}); rollback`,
  );
  await client.end();
}

suite('a load of every kind under settings of role or database', { concurrency: false }, () => {
  for (const settings of isLong ? ALONE : TOGETHER) {
    const names = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    test(
      names.length > 4 ? `${names.length} of them at once` : names.join(', '),
      { timeout: 120_000 },
      async () => {
        await using engine = await Engine.create(TASKS_FILE);
        const { url } = engine.database;
        await alterDatabase(url, settings);
        await engine.worker({ concurrency: 5 });
        await using pulp = await CommandLine.create({ DATABASE_URL: url });

        const endless = await enqueueWithReservation(tasks.untilAborted, ['/long/'], {});
        const numbers = Array.from({ length: scaled(60, 300) }, (_, number) => number);
        const [handles, byCommand] = await Promise.all([
          enqueueMany(
            numbers.map((number) => ({
              task: number % 2 === 0 ? tasks.double : tasks.doubleInline,
              kwargs: { number },
              resources: number % 3 === 0 ? [`/r/${number % 7}/`] : [],
              sharedResources: ['/shared/'],
            })),
          ),
          pulp.run(['task', 'enqueue', '--from', '-', '--json'], {
            input: numbers
              .map((number) => `{"name": "test.double", "kwargs": {"number": ${number}}}\n`)
              .join(''),
          }),
          enqueueBySql(url, numbers.slice(0, 20)),
          pause(500).then(() => lockTasks(url, 2)),
        ]);
        assert.equal(byCommand.code, 0, byCommand.stdout + byCommand.stderr);

        await using client = await connect(url);
        const states = async () => {
          const { rows } = await client.query<{ state: string; count: number }>(
            `select state, count(*)::integer as count from pulp.task group by state order by state`,
          );
          return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
        };
        // Who watches is not what is tested: on a busy machine it may take longer.
        await client.query(
          `select set_config(name, '0', false) from pg_settings where name like '%\_timeout' and context = 'user'`,
        );
        const all = numbers.length * 2 + 20;
        await eventually('all but one are over', async () => (await states())['completed'] === all, {
          timeout: 60_000,
        });
        assert.equal(await cancel(endless.id, 'enough'), 'canceling');
        assert.equal((await endless.wait()).state, 'canceled');
        assert.deepEqual(await states(), { canceled: 1, completed: all });

        const { rows: lives } = await client.query(
          `select type, count(*)::integer as count from pulp.event where stream_kind = 'worker'
           and type not in ('WorkerAble', 'WorkerUnable') group by type`,
        );
        assert.deepEqual(lives, [{ type: 'WorkerOnline', count: 1 }], 'the worker lived one life');
        const [first] = await readHistory(handles[0]?.id ?? '');
        assert.ok(first?.recorded_at instanceof Date);
        for (const command of [
          ['task', 'history', endless.id],
          ['task', 'list', '--limit', '5'],
          ['events', '--from', '1h'],
          ['task', 'why', endless.id],
          ['db', 'status'],
          ['db', 'verify'],
        ]) {
          const { code, stderr } = await pulp.run(command);
          assert.equal(code, 0, `${command.join(' ')}: ${stderr}`);
        }
        await alterDatabase(url, 'reset');
        assert.deepEqual(await engine.violations(), []);
      },
    );
  }
});
