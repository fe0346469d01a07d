import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeConnection, enqueueWithReservation } from '../../../src/index.ts';
import { CommandLine } from '../../cli/command-line.ts';
import { cgroupsAreMissing, TestCgroup } from '../../support/cgroups.ts';
import { createDatabase } from '../../support/database.ts';
import { isAlive } from '../../support/is-alive.ts';
import { until } from '../../support/until.ts';
import { escapes } from './limit-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./limit-tasks.ts', import.meta.url));

test(
  'a worker that is killed takes along what nothing but the cgroups of its horses ties to it',
  { skip: cgroupsAreMissing() },
  async () => {
    await using given = TestCgroup.make();
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url, PULP_CGROUP: given.path });
    const worker = await pulp.worker('--tasks', TASKS_FILE);
    const task = await enqueueWithReservation(escapes, [], { kwargs: { stays: true } });
    await until(async () => (await task.read()).progress !== null);
    const { horse, escaped } = (await task.read()).progress as { horse: number; escaped: number };
    await closeConnection();
    assert.deepEqual([horse, escaped].filter(isAlive), [horse, escaped]);
    worker.process.kill('SIGKILL');
    await until(() => ![horse, escaped].some(isAlive), 5000);
  },
);
