import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { closeConnection, enqueueWithReservation, loadTaskTypes, PulpWorker } from '../../src/index.ts';
import * as tasks from '../workers/tasks.ts';
import { until } from '../support/until.ts';
import { eventually } from './eventually.ts';
import { OwnServer } from './own-server.ts';

const TASKS_FILE = fileURLToPath(new URL('../workers/tasks.ts', import.meta.url));

/** How long the standby stays away, in milliseconds. */
const ABSENCE_MS = process.env['PULP_FAULTS'] === 'long' ? 60_000 : 5000;

/**
 * The longest that one task may take meanwhile, in milliseconds: as long as somebody else's commit holds up all who notify, nobody
 * hears anything, but workers look often by themselves.
 */
const TASK_MS = 10_000;

suite('a synchronous standby that is not there', { timeout: 180_000 }, () => {
  test('holds up nobody who does not wait for it, not even by a notification', async () => {
    await using server = await OwnServer.start();
    process.env['DATABASE_URL'] = server.url;
    const set = (setting: string) =>
      server.ask(async (client) => {
        await client.query(`alter system set ${setting}`);
        await client.query('select pg_reload_conf()');
      });
    await set('synchronous_commit = off'); // for all but who wants to wait
    const registry = await loadTaskTypes(TASKS_FILE);
    const worker = await PulpWorker.create({ registry, tasksFile: TASKS_FILE, name: 'w' });
    const life = worker.run();
    const stranger = new Client({ connectionString: server.url, application_name: 'stranger' });
    stranger.on('error', () => undefined);
    await stranger.connect();
    await stranger.query('set synchronous_commit = on; create table note (number integer)');
    try {
      await (
        await enqueueWithReservation(tasks.double, ['/r/'], { kwargs: { number: 1 } })
      ).wait({ timeout: 20_000 });
      await set(`synchronous_standby_names = 'nosuch'`);
      await until(
        async () =>
          (await stranger.query<{ s: string }>(`select current_setting('synchronous_standby_names') as s`))
            .rows[0]?.s === 'nosuch',
      );
      // The server takes a moment to know of it, and lets commits pass until then.
      let isThrough = true;
      let waiting: Promise<unknown> = Promise.resolve();
      const commit = () => {
        isThrough = false;
        waiting = stranger
          .query('begin; insert into note values (1); notify something; commit')
          .catch(() => undefined)
          .finally(() => {
            isThrough = true;
          });
      };
      await eventually('the stranger waits for the standby, with the lock of all who notify', () => {
        if (isThrough) commit();
        return server.ask(async (client) => {
          const { rows } = await client.query(
            `select from pg_stat_activity where application_name = 'stranger' and wait_event = 'SyncRep'`,
          );
          return rows.length === 1;
        });
      });

      const slowest: number[] = [];
      const end = performance.now() + ABSENCE_MS;
      while (performance.now() < end) {
        const began = performance.now();
        const handle = await enqueueWithReservation(tasks.doubleInline, ['/r/'], { kwargs: { number: 1 } });
        await handle.wait({ timeout: TASK_MS });
        slowest.push(performance.now() - began);
      }
      const canceled = await enqueueWithReservation(tasks.untilAborted, ['/c/']);
      await until(async () => (await canceled.read()).state === 'running');
      await canceled.cancel();
      await until(async () => (await canceled.read()).state === 'canceled', TASK_MS);
      console.log(
        `absent standby: ${slowest.length} tasks in ${ABSENCE_MS} ms, the slowest in ${Math.max(...slowest).toFixed(0)} ms`,
      );

      // The last one to wait is let go: the next notification of the leader gets through, and work is as quick as before.
      await set(`synchronous_standby_names = ''`);
      await waiting;
      const { rows } = await server.ask((client) =>
        client.query<{ state: string; tasks: number }>(
          'select state, count(*)::integer as tasks from pulp.task group by state order by state',
        ),
      );
      assert.deepEqual(
        rows.map(({ state }) => state),
        ['canceled', 'completed'],
      );
      assert.equal(rows[0]?.tasks, 1, 'only what was canceled by its caller');
    } finally {
      worker.kill();
      await life;
      await stranger.end();
      await closeConnection();
    }
  });
});
