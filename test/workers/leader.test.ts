import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { enqueueWithReservation } from '../../src/index.ts';
import { WORKER_TTL } from '../../src/constants.ts';
import { whyText } from '../../src/cli/why-text.ts';
import { readOverview } from '../../src/queries/overview.ts';
import { explainTask } from '../../src/queries/why.ts';
import { verify } from '../../src/maintenance/verify.ts';
import { connect } from '../support/database.ts';
import { memoryLog } from '../support/memory-log.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

async function leaderEvents(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ told: string }>(
    `select concat_ws(' ', type, data ->> 'duty', data #>> '{error,code}') as told from pulp.event
     where stream_kind = 'system' and stream_id = 'resource-manager' order by version`,
  );
  return rows.map(({ told }) => told);
}

/** Has every pass fail from now on; gives what mends it. */
async function breakPasses(client: Client, how: string): Promise<() => Promise<void>> {
  const { rows } = await client.query<{ text: string }>(
    `select pg_get_functiondef('pulp.lock_granting'::regproc) as text`,
  );
  await client.query(`create or replace function pulp.lock_granting() returns void language plpgsql as $$
    begin ${how} end $$`);
  return async () => {
    await client.query(rows[0]?.text ?? '');
  };
}

suite('the leader', { timeout: 120_000 }, () => {
  test('keeps its term when its passes fail, says why, and goes on when they work again', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const { log, lines } = memoryLog();
    await engine.worker({ name: 'a', log });
    await engine.worker({ name: 'b', log });
    await until(async () => (await leaderEvents(client)).length === 1);
    const mend = await breakPasses(client, `raise 'the pass is broken' using errcode = 'XX001';`);
    const handle = await enqueueWithReservation(tasks.double, ['/r/'], { kwargs: { number: 1 } });
    await until(async () => (await leaderEvents(client)).includes('LeaderFailing grant XX001'));
    await pause(3000);
    assert.deepEqual(await leaderEvents(client), ['LeaderElected', 'LeaderFailing grant XX001']);
    assert.equal(
      lines.filter(({ level, msg }) => level === 50 && msg.includes('the pass is broken')).length,
      1,
    );

    const { contents } = await readOverview(engine.database.url);
    assert.deepEqual(contents?.failing?.failures, {
      grant: { code: 'XX001', message: 'the pass is broken' },
    });
    assert.ok(contents.failing.since.getTime() > Date.now() - 60_000 && contents.failing.last_pass_at);
    const why = await explainTask(handle.id);
    assert.deepEqual(why.reasons, ['manager_failing', 'being_granted']);
    assert.match(
      whyText(why, WORKER_TTL)[0] ?? '',
      /leads, but has been failing since .* grant: the pass is broken/,
    );
    assert.deepEqual((await verify(engine.database.url)).violations, []);

    await mend();
    await handle.wait({ timeout: 20_000 });
    await until(async () => (await leaderEvents(client)).length === 3);
    assert.deepEqual(await leaderEvents(client), [
      'LeaderElected',
      'LeaderFailing grant XX001',
      'LeaderRecovered grant',
    ]);
    assert.equal((await readOverview(engine.database.url)).contents?.failing, null);
  });

  test('that stops is followed at once by one that stands by, which asks seldom', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const first = await engine.worker({ name: 'a' });
    await until(async () => (await leaderEvents(client)).length === 1);
    await engine.worker({ name: 'b' });
    await engine.stop(first);
    const stoppedAt = performance.now();
    await until(async () => (await leaderEvents(client)).length === 2);
    const ms = performance.now() - stoppedAt;
    assert.ok(ms < 1000, `nobody led for ${ms} ms, and heartbeats are due every five seconds`);
    const { rows } = await client.query<{ worker: string }>('select worker from pulp.leader');
    assert.deepEqual(rows, [{ worker: 'b' }]);
  });

  test('names who holds the lock of granting, and grants soon after it is let go of', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    await using stranger = await connect(engine.database.url);
    await engine.worker();
    await until(async () => (await leaderEvents(client)).length === 1);
    await stranger.query(
      `set application_name = 'stranger'; begin; select pg_advisory_xact_lock(pulp.lock_class('grant'), 0)`,
    );
    const handle = await enqueueWithReservation(tasks.double, ['/r/'], { kwargs: { number: 1 } });
    await until(async () => (await leaderEvents(client)).length === 2);
    assert.deepEqual(await leaderEvents(client), ['LeaderElected', 'LeaderFailing grant 55P03']);
    const text = whyText(await explainTask(handle.id), WORKER_TTL)[0] ?? '';
    assert.match(text, /the lock of granting is held by process \d+ \(stranger\)/);
    await stranger.query('rollback');
    await handle.wait({ timeout: 15_000 });
  });

  test('that loses its connection in every pass is elected less and less often', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    await breakPasses(client, 'perform pg_terminate_backend(pg_backend_pid());');
    await engine.worker({ name: 'a' });
    const elections = async () =>
      (await leaderEvents(client)).filter((event) => event === 'LeaderElected').length;
    await until(async () => (await elections()) === 4); // after 0.2, 0.4 and 0.8 seconds, about
    const began = performance.now();
    await pause(6000); // meanwhile after 1.6 and 3.2 seconds
    const more = (await elections()) - 4;
    assert.ok(more >= 1 && more <= 3, `${more} elections in ${performance.now() - began} ms`);
  });

  test('leaves its office when its worker is told to stop, and takes no other', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const { log, lines } = memoryLog();
    const stopping = await engine.worker({ name: 'stopping', log });
    await until(async () => (await leaderEvents(client)).length === 1);
    const running = await enqueueWithReservation(tasks.hold, [], { kwargs: { ms: 6000 } });
    await until(async () => (await running.read()).state === 'running');
    await engine.worker({ name: 'other' });
    stopping.stop();
    const leader = async () => (await readOverview(engine.database.url)).contents?.leader;
    await until(async () => (await leader()) === 'other');
    assert.equal((await running.read()).state, 'running', 'it has not stopped yet');
    await running.wait({ timeout: 20_000 });
    await engine.stop(stopping);
    assert.deepEqual(
      lines.filter(({ level }) => level >= 50),
      [],
    );
  });

  test('that is the last to stop does not complain that nobody is there', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const { log, lines } = memoryLog();
    const ordinary = await engine.worker({ name: 'ordinary', log });
    const made = await engine.worker({ name: 'resource-manager@test', log });
    await until(async () => (await leaderEvents(client)).length > 0);
    made.stop();
    ordinary.stop();
    await engine.stop();
    assert.deepEqual(
      lines.filter(({ level }) => level >= 50),
      [],
    );
  });
});
