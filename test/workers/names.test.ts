import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { enqueueWithReservation } from '../../src/index.ts';
import { CommandLine } from '../cli/command-line.ts';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

/** Registers a worker on a session; gives its incarnation. */
async function register(
  session: Client,
  name: string,
  { over, silentMark }: { readonly over?: string; readonly silentMark?: string } = {},
): Promise<string> {
  const { rows } = await session.query<{ incarnation: string }>(
    `select pulp.worker_online($1, 'localhost', 1, '{default}', 1, '[]', null, null, $2, $3) as incarnation`,
    [name, over, silentMark],
  );
  return rows[0]?.incarnation ?? '';
}

/** What the detail of a refusal tells. */
async function refusal(step: Promise<unknown>): Promise<{ incarnation: string; mark: string }> {
  const error = await step.then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error as { code: string; detail: string },
  );
  assert.equal(error.code, 'PU012');
  return JSON.parse(error.detail) as { incarnation: string; mark: string };
}

async function look(client: Client, silent: object = {}) {
  const { rows } = await client.query<{ missing: string[]; marks: Record<string, string> }>(
    'select missing, marks from pulp.check_worker_processes($1)',
    [silent],
  );
  assert(rows[0] !== undefined);
  return rows[0];
}

suite('the name of a worker', () => {
  test('stays that of a worker that lost its session, until it is known to be over', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const first = await connect(database.url);
    const incarnation = await register(first, 'w');
    await using second = await connect(database.url);
    await assert.rejects(register(second, 'w'), { code: 'PU006' });
    await first.end();
    await until(async () => (await client.query('select from pulp.worker_sessions()')).rowCount === 0);

    const known = await refusal(register(second, 'w'));
    assert.equal(known.incarnation, incarnation);
    await client.query(`select pulp.heartbeat('{w}', array[$1::bigint])`, [incarnation]);
    assert.notEqual((await refusal(register(second, 'w', { silentMark: known.mark }))).mark, known.mark);
    await refusal(register(second, 'w', { over: '999' }));
    const again = await register(second, 'w', { over: incarnation });
    assert.notEqual(again, incarnation);
  });

  test('is free for who has seen the same mark for long enough', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    const first = await connect(database.url);
    await register(first, 'w');
    await first.end();
    await until(async () => (await client.query('select from pulp.worker_sessions()')).rowCount === 0);
    await using second = await connect(database.url);
    const { mark } = await refusal(register(second, 'w'));
    await register(second, 'w', { silentMark: mark });
    const { rows } = await client.query(`select type from pulp.event where stream_id = 'w' order by version`);
    assert.deepEqual(
      rows.map(({ type }: { type: string }) => type),
      ['WorkerOnline', 'WorkerMissing', 'WorkerOnline'],
    );
  });

  test('protects who registered anew from an observer that saw the earlier one', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using first = await connect(database.url);
    const incarnation = await register(first, 'w');
    const { marks } = await look(client);
    await first.query('select pg_advisory_unlock_all()');
    await using second = await connect(database.url);
    await register(second, 'w', { over: incarnation });
    assert.deepEqual((await look(client, marks)).missing, []);
    // One whose row somebody holds is left for the next look.
    await using holder = await connect(database.url);
    const seen = (await look(client)).marks;
    await holder.query(`begin; select from pulp.worker for update`);
    assert.deepEqual((await look(client, seen)).missing, []);
    await holder.query('rollback');
    assert.deepEqual((await look(client, seen)).missing, ['w']);
  });

  test(
    'is taken at once where the process of the earlier worker is gone from the same host, with its guardian',
    { skip: process.platform !== 'linux' && 'needs /proc', timeout: 120_000 },
    async () => {
      await using engine = await Engine.create(TASKS_FILE);
      await using pulp = await CommandLine.create({ DATABASE_URL: engine.database.url });
      const worker = await pulp.worker('--tasks', TASKS_FILE, '--name', 'again');
      const lost = await enqueueWithReservation(tasks.untilAborted, ['/a/']);
      await until(async () => (await lost.read()).progress !== null);
      const guardians = childrenOf(worker.process.pid ?? 0).filter((pid) =>
        commandOf(pid).includes('guardian-process'),
      );
      assert.equal(guardians.length, 1);
      worker.process.kill('SIGSTOP'); // so that it makes no other guardian
      for (const guardian of guardians) process.kill(guardian, 'SIGKILL');
      worker.process.kill('SIGKILL');
      await worker.ended;
      const began = performance.now();
      await pulp.worker('--tasks', TASKS_FILE, '--name', 'again');
      assert(performance.now() - began < 20_000, 'nobody waited for the TTL of 30 s');
      assert.equal((await lost.read()).state, 'canceled');
    },
  );
});

function childrenOf(pid: number): readonly number[] {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).flatMap((thread) =>
    readFileSync(`${threads}/${thread}/children`, 'utf8')
      .split(' ')
      .filter((child) => child.trim() !== '')
      .map(Number),
  );
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}
