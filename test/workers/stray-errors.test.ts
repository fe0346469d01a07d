import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeConnection, enqueueWithReservation } from '../../src/index.ts';
import { CommandLine } from '../cli/command-line.ts';
import { createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import * as tasks from './horse-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./horse-tasks.ts', import.meta.url));

suite('what code inline throws where nobody catches it', () => {
  test('fails its own run, if that goes on, and touches no other', async () => {
    await using database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const worker = await pulp.worker('--tasks', TASKS_FILE, '--concurrency', '8');
    const neighbour = await enqueueWithReservation(tasks.breeds, [], { kwargs: { blocks: false } });
    await until(async () => (await neighbour.read()).progress !== null);
    const cases = (['throws', 'rejects'] as const).flatMap((how) => [
      { how, ended: false, code: how === 'throws' ? 'UNCAUGHT_EXCEPTION' : 'UNHANDLED_REJECTION' },
      { how, ended: true, code: undefined },
    ]);
    for (const { how, ended, code } of cases) {
      const task = await enqueueWithReservation(tasks.straysInline, [], { kwargs: { how, ended } });
      const { state, error } = await task.wait({ timeout: 20_000 });
      assert.equal(state, ended ? 'completed' : 'failed');
      assert.equal((error as { code: string } | null)?.code, code);
      if (!ended) assert.equal((error as { name: string } | null)?.name, 'RangeError');
      const { task: id, name } = await worker.logged(
        ended ? 'code that an ended task left behind threw' : 'code of a task threw where nobody caught it',
      );
      assert.deepEqual([typeof id, name], ['string', 'horse.strays.inline']);
    }
    assert.equal(worker.process.exitCode, null);
    assert.equal((await neighbour.read()).state, 'running');
    await closeConnection();
  });
});
