import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enqueueWithReservation, readTask, TaskHandle } from '../../src/index.ts';
import { allowForTasks, taskEnvironment } from '../../src/workers/horses/task-environment.ts';
import { CommandLine } from '../cli/command-line.ts';
import { connect, createDatabase } from '../support/database.ts';
import { Login } from '../support/login.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './task-process-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./task-process-tasks.ts', import.meta.url));

const PATIENCE = { timeout: 20_000 };

const CANARY = 'canary-5d21';

const KEY = `k1:${randomBytes(32).toString('base64')}`;

const LINUX_ONLY = { skip: process.platform !== 'linux' && 'needs /proc' };

suite('the process of a task', () => {
  test(
    'shows neither the keys nor the login of its worker, nor more of its environment than was allowed',
    LINUX_ONLY,
    async () => {
      await using submitter = await Login.create(['pulp_submitter']);
      await using database = await createDatabase();
      const password = new URL(database.url).password;
      const own = submitter.at(database.url);
      await using pulp = await CommandLine.create({
        DATABASE_URL: database.url,
        PULP_TASK_DATABASE_URL: own,
        PULP_SECRET_KEYS: KEY,
        PULP_TASK_ENV: 'CANARY_BY_NAME',
        PGPASSWORD: CANARY,
        AWS_SECRET: CANARY,
        CANARY_BY_NAME: 'given by name',
        CANARIES_A: 'given by prefix',
        CANARIES_B: '',
      });
      await pulp.worker('--tasks', TASKS_FILE, '--task-env', 'CANARIES_*');
      const id = (await pulp.run(['task', 'enqueue', tasks.environments.name])).stdout.trim();
      const { data } = await pulp.json(['task', 'wait', id]);
      const [{ result }] = data as [{ result: { own: string[]; database: string; shown: string } }];
      assert.equal(result.database, own);
      assert.deepEqual(
        result.own.filter((name) => /CANAR|AWS|PULP_SECRET|^PG|TASK_DATABASE/.test(name)),
        ['CANARIES_A', 'CANARIES_B', 'CANARY_BY_NAME'],
      );
      assert.ok(result.own.includes('PATH') && result.own.includes('HOME'));
      for (const secret of [password, KEY.slice(3), CANARY]) assert.ok(!result.shown.includes(secret));
      assert.match(result.shown, /^DATABASE_URL=$/m, 'its worker was looked at');
      assert.match(result.shown, /^PULP_GUARDED_MARK=/m, 'its guardian was looked at');
    },
  );

  test('has its child tasks enqueued, awaited and canceled by its worker, their secrets encrypted', async () => {
    process.env['PULP_SECRET_KEYS'] = KEY;
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const handle = await enqueueWithReservation(tasks.parent, [], { kwargs: { token: CANARY } });
    const { result, error } = await handle.wait(PATIENCE);
    assert.equal(error, null, JSON.stringify(error));
    const { child, named, canceled, cause, late } = result as Record<string, unknown> & {
      child: Record<string, unknown>;
      named: string;
    };
    const digest = createHash('sha256').update(CANARY).digest('hex');
    assert.deepEqual(child, { id: child['id'], state: 'completed', result: digest, isDate: true });
    assert.deepEqual(
      { canceled, cause, late },
      { canceled: 'canceled', cause: 'not needed', late: 'WAIT_TIMEOUT' },
    );
    const rows = await Promise.all([child['id'] as string, named].map(readTask));
    for (const row of rows) {
      assert.equal(row?.parent_id, handle.id);
      assert.equal(row.correlation_id, handle.id);
      assert.match(JSON.stringify(row.kwargs), /\$secret/);
    }
    await using client = await connect(engine.database.url);
    const { rows: found } = await client.query(
      `select 1 from pulp.event where data::text like '%${CANARY}%' union all select 1 from pulp.task t where t::text like '%${CANARY}%'`,
    );
    assert.equal(found.length, 0);
    assert.deepEqual(await engine.violations(), []);
  });

  test('is told what it may not do, and what to do instead', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const other = await enqueueWithReservation(tasks.waits, [], { delay: '1h' });
    const handle = await enqueueWithReservation(tasks.refused, [], { kwargs: { other: other.id } });
    const { result, error } = await handle.wait(PATIENCE);
    assert.deepEqual(
      result,
      {
        connection: 'NO_TASK_DATABASE',
        reading: 'NO_TASK_DATABASE',
        'a task of another': 'MISSING_RESOURCE',
        'to wait for it': 'MISSING_RESOURCE',
        'to cancel it': 'MISSING_RESOURCE',
        'a name that nobody knows': 'UNKNOWN_TASK_TYPE',
        'wrong arguments': 'INVALID_INPUT',
        'of several': 'INVALID_INPUT of request 1',
      },
      JSON.stringify(error),
    );
    assert.equal((await other.read()).state, 'waiting');
  });

  test('may enqueue more at once than fits into one message', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await engine.worker();
    const handle = await enqueueWithReservation(tasks.floods, [], { kwargs: { tasks: 300 } });
    const { result, error } = await handle.wait(PATIENCE);
    assert.equal(error, null, JSON.stringify(error));
    const { first, ids, filler } = result as { first: string; ids: number; filler: string };
    assert.equal(ids, 300);
    assert.deepEqual((await new TaskHandle(first).read()).kwargs, { n: 0, filler });
  });

  test('gets no variables that are withheld, or named wrongly', () => {
    const environment = {
      PATH: '/bin',
      LC_ALL: 'C',
      DATABASE_URL: 'x',
      PGPASSFILE: 'x',
      NOTIFY_SOCKET: 'x',
      OTHER: 'x',
    };
    assert.deepEqual(taskEnvironment('m', { ...environment, PULP_TASK_ENV: 'NONE', API_TOKEN: 'x' }), {
      ...{ PATH: '/bin', LC_ALL: 'C', PULP_HORSE_MARK: 'm' },
    });
    assert.deepEqual(taskEnvironment('m', { ...environment, API_TOKEN: 'x' }), {
      ...{ PATH: '/bin', LC_ALL: 'C', PULP_HORSE_MARK: 'm', OTHER: 'x' },
    });
    assert.deepEqual(taskEnvironment('m', { ...environment, PULP_TASK_ENV: '*' }), {
      ...{ PATH: '/bin', LC_ALL: 'C', PULP_HORSE_MARK: 'm', OTHER: 'x', PULP_TASK_ENV: '*' },
    });
    for (const name of ['DATABASE_URL', 'PULP_SECRET_KEYS', 'A B', 'A=B', '**', '1A']) {
      assert.throws(
        () => {
          allowForTasks([name]);
        },
        { code: 'INVALID_INPUT', exitCode: 2 },
        name,
      );
      delete process.env['PULP_TASK_ENV'];
    }
  });
});
