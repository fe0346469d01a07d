import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enqueueWithReservation, listWorkers, readHistory } from '../../src/index.ts';
import { CommandLine } from '../cli/command-line.ts';
import { checkLog } from '../support/log-checker.ts';
import { connect } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import * as tasks from './tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('./tasks.ts', import.meta.url));

suite('a shutdown past its deadline', { timeout: 120_000 }, () => {
  test('ends what runs as its type says, code that is deaf with its process, and is recorded as not clean', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using pulp = await CommandLine.create({ DATABASE_URL: engine.database.url });
    const options = ['--name', 'stopped', '--shutdown-deadline', '100ms', '--grace', '300ms'];
    const worker = await pulp.worker('--tasks', TASKS_FILE, ...options);
    const [deaf, heeding, inline, inlineRetried] = await Promise.all([
      enqueueWithReservation(tasks.stubborn, ['/deaf/']),
      enqueueWithReservation(tasks.requeued, ['/heeding/'], {
        kwargs: { file: join(pulp.folder, 'ran-once') },
      }),
      enqueueWithReservation(tasks.hold, ['/inline/'], { kwargs: { ms: 60_000 } }),
      enqueueWithReservation(tasks.deafInline, ['/inline-retried/']),
    ]);
    const behind = await enqueueWithReservation(tasks.doubleInline, ['/heeding/'], { kwargs: { number: 1 } });
    await until(
      async () =>
        (await deaf.read()).progress !== null &&
        (await heeding.read()).progress !== null &&
        (await inlineRetried.read()).progress !== null &&
        (await inline.read()).state === 'running',
    );
    worker.process.kill('SIGTERM');
    assert.deepEqual(await worker.ended, { code: 4 });
    // Code inline ends with the process; then its guardian tells of it.
    await until(async () => (await inline.read()).state === 'canceled');
    for (const handle of [deaf, inline]) {
      const { state, cancel_reason } = await handle.read();
      assert.equal(state, 'canceled');
      assert.match(cancel_reason ?? '', /was stopped/);
    }
    for (const handle of [heeding, inlineRetried]) {
      const { state, attempt, interruptions } = await handle.read();
      assert.deepEqual([state, attempt, interruptions], ['waiting', 0, 1]);
    }
    const [record] = await listWorkers();
    assert.deepEqual([record?.state, record?.gracefully_stopped], ['offline', false]);

    await engine.worker();
    assert.equal((await heeding.wait({ timeout: 20_000 })).result, 1);
    assert.equal((await behind.wait({ timeout: 20_000 })).state, 'completed');
    const started = async (id: string) =>
      (await readHistory(id)).findLast(({ type }) => type === 'TaskStarted')?.position ?? 0;
    assert((await started(heeding.id)) < (await started(behind.id)), 'it went back to the front of its line');
    await inlineRetried.cancel();
    await using client = await connect(engine.database.url);
    assert.deepEqual(await checkLog(client), []);
  });
});
