import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { CommandLine, TASKS_FILE } from './command-line.ts';
import { Gate } from './gate.ts';
import { WorkerSession } from '../engine/worker-session.ts';

const UNKNOWN = '0b9f2e8c-6f5e-4c52-9f43-5a5c1f1b7a10';

/** Enqueues tasks; gives their ids. */
async function enqueue(databaseUrl: string, ...items: object[]): Promise<string[]> {
  await using client = await connect(databaseUrl);
  const { rows } = await client.query<{ id: string }>('select id from pulp.enqueue_batch($1) as id', [
    JSON.stringify(items.map((item) => ({ unchecked: true, ...item }))),
  ]);
  return rows.map((row) => row.id);
}

suite('pulp task why', () => {
  test('says what a task waits for, and what to do', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using gate = await Gate.close(database.url);
    const [held = '', waiting = '', mail = '', late = ''] = await enqueue(
      database.url,
      { name: 'test.hold', resources: ['/a/'] },
      { name: 'test.add', args: [1, 2], resources: ['/a/'] },
      { name: 'test.add', args: [1, 2], queue: 'mail' },
      { name: 'test.add', args: [1, 2], delay: '1h' },
    );
    const arrival = gate.held();
    await pulp.worker('--tasks', TASKS_FILE, '--name', 'w');
    await arrival;

    const [whyHeld, whyWaiting, whyMail, whyLate, told, unknown, noId] = await Promise.all([
      pulp.run(['task', 'why', held]),
      pulp.run(['task', 'why', waiting]),
      pulp.run(['task', 'why', mail]),
      pulp.run(['task', 'why', late]),
      pulp.json(['task', 'why', waiting]),
      pulp.run(['task', 'why', UNKNOWN]),
      pulp.run(['task', 'why', 'no-id']),
    ]);
    const [head, reason, ...time] = whyWaiting.stdout.split('\n');
    assert.equal(head, `Task ${waiting} (test.add) is waiting.`);
    assert.match(
      reason ?? '',
      new RegExp(
        `^It waits for /a/, which is held by task ${held} \\(test.hold\\), running on worker w since [\\dT:.-]+Z\\.$`,
      ),
    );
    assert.match(time.join('\n'), /^So far it took [\d.]+m?s:\n +[\d.]+m?s {2}waiting for its resources/);
    assert.match(whyHeld.stdout, /\nIt runs on worker w \(process \d+ on .+\) since .+\n/);
    assert.match(
      whyMail.stdout,
      /\nNo worker online takes from the queue mail\. Start one: pulp worker --queue mail\n/,
    );
    assert.match(whyLate.stdout, /\nIt is delayed until [\dT:.-]+Z \(in 59m \d+s\)\.\n/);
    const { reasons, claims } = told.data as { reasons: string[]; claims: { held_by: { id: string }[] }[] };
    assert.deepEqual([told.code, reasons, claims[0]?.held_by[0]?.id], [0, ['resource_held'], held]);
    for (const { code, stdout, stderr } of [unknown, noId]) {
      assert.deepEqual([code, stdout], [3, '']);
      assert.match(stderr, /^Error: there is no task .+\nTry: /);
    }

    await gate.open();
    assert.equal((await pulp.run(['task', 'wait', waiting])).code, 0);
    const over = await pulp.run(['task', 'why', waiting]);
    assert.match(over.stdout, new RegExp(`waiting for /a/ behind task ${held}\n`));
    assert.match(over.stdout, /running, attempt 1 on worker w\n/);
    assert.match(over.stdout, /^Task \S+ \(test\.add\) is completed\.\nIt took /);
  });
});

test('a task whose run was interrupted again and again is told of', async () => {
  await using database = await createDatabase();
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
  await using worker = await WorkerSession.open(database.url);
  const id = await worker.enqueue();
  await worker.interrupt(await worker.startOne());
  const once = await pulp.run(['task', 'why', id]);
  assert.match(
    once.stdout,
    /\nIts run was interrupted by worker w at [\dT:.-]+Z \(shutdown: the worker was stopped\)\. /,
  );
  for (let left = 2; left > 0; left -= 1) await worker.interrupt(await worker.startOne(), { reason: null });
  const [why, show, history] = await Promise.all([
    pulp.run(['task', 'why', id]),
    pulp.run(['task', 'show', id]),
    pulp.run(['task', 'history', id]),
  ]);
  assert.match(
    why.stdout,
    /\nIts run was interrupted 3 times in a row, the last time by worker w at [\dT:.-]+Z \(shutdown\)\. .+ --shutdown-deadline\.\n/,
  );
  assert.match(show.stdout, /\ninterruptions +3 in a row\n/);
  assert.match(history.stdout, /TaskInterrupted +\S+ +attempt=1 .*by=shutdown/);
});

test('history tells the attempt of each event and the time since the one before', async () => {
  await using database = await createDatabase();
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
  await pulp.worker('--tasks', TASKS_FILE);
  const [id = ''] = await enqueue(database.url, { name: 'test.fail', retries: 1 });
  assert.equal((await pulp.run(['task', 'wait', id])).code, 1);
  const { data } = await pulp.json(['task', 'history', id]);
  const events = data as { type: string; attempt: number | null; seconds_after: number | null }[];
  assert.deepEqual(
    events.map(({ type, attempt }) => [type, attempt]),
    [
      ['TaskEnqueued', null],
      ['TaskStarted', 1],
      ['TaskRetryScheduled', 1],
      ['TaskStarted', 2],
      ['TaskFailed', 2],
    ],
  );
  assert.equal(events[0]?.seconds_after, null);
  assert.ok((events[3]?.seconds_after ?? 0) >= 1, 'the pause before the retry');
  const { stdout } = await pulp.run(['task', 'history', id]);
  assert.match(stdout, /TaskFailed +\S+ +attempt=2 error=out of luck/);
});
