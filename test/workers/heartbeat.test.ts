import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enqueueWithReservation } from '../../src/index.ts';
import { connect } from '../support/database.ts';
import { memoryLog } from '../support/memory-log.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

suite('heartbeats', () => {
  for (const table of ['worker', 'event_heartbeat']) {
    test(`that a lock on pulp.${table} keeps out: the log names whose, and what runs goes on`, async () => {
      process.env['PULP_WORKER_TTL'] = '6';
      await using engine = await Engine.create(TASKS_FILE);
      const { log, lines } = memoryLog();
      await engine.worker({ log });
      const running = await enqueueWithReservation(tasks.untilAborted, ['/kept/']);
      await until(async () => (await running.read()).progress !== null);

      await using stranger = await connect(engine.database.url);
      await stranger.query(
        `set application_name = 'maintenance'; begin; lock table pulp.${table} in share mode`,
      );
      const told = new RegExp(
        `did not get through: pulp.${table} is locked by process \\d+ \\(maintenance\\)`,
      );
      await until(() => lines.some(({ msg }) => told.test(msg)));
      await stranger.query('rollback');

      const next = await enqueueWithReservation(tasks.doubleInline, [], { kwargs: { number: 1 } });
      assert.equal((await next.wait({ timeout: 20_000 })).state, 'completed');
      assert.equal((await running.read()).state, 'running');
      delete process.env['PULP_WORKER_TTL'];
    });
  }

  test('can get through when the lease begins: so many workers that start at once keep theirs', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const worker = await engine.worker();
    await using client = await connect(engine.database.url);
    const { rows } = await client.query<{ before: boolean }>(
      `select a.backend_start < w.online_at as before
       from pulp.worker w join pg_stat_activity a on a.application_name = 'pulp background ' || w.name
       where w.name = $1`,
      [worker.name],
    );
    assert.deepEqual(rows, [{ before: true }]);
  });
});
