import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { CommandLine } from '../cli/command-line.ts';
import { connect, createDatabase } from '../support/database.ts';
import { checkLog } from '../support/log-checker.ts';

suite('the demonstration', { concurrency: true }, () => {
  test('ends by itself, its tasks ended as they should, and the log is sound', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });

    const { code, stdout, stderr } = await pulp.run(['demo']);

    assert.equal(code, 0, stderr);
    assert.match(stdout, /#3 hang kernel +is to be canceled/);
    assert.match(stdout, /waits for #1 sync zoo/);
    assert.doesNotMatch(stdout, /\u001b/, 'no control sequences outside of a terminal');
    await using client = await connect(database.url);
    const { rows } = await client.query(
      'select state, count(*)::integer from pulp.task group by state order by state',
    );
    assert.deepEqual(rows, [
      { state: 'canceled', count: 1 },
      { state: 'completed', count: 37 },
      { state: 'failed', count: 1 },
    ]);
    assert.deepEqual(await checkLog(client), []);
  });

  test('interrupted, by an impatient user, it cancels its tasks and ends its workers', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const demo = pulp.start(['demo']);
    for await (const line of createInterface({ input: demo.stdout })) if (line.includes('runs on')) break;

    demo.stdout.resume();
    demo.kill('SIGINT');
    let stderr = '';
    for await (const line of createInterface({ input: demo.stderr })) {
      if (stderr === '') demo.kill('SIGINT'); // as soon as the first one is answered
      stderr += `${line}\n`;
    }
    if (demo.exitCode === null && demo.signalCode === null) await once(demo, 'close');

    assert.equal(demo.exitCode, 130, stderr);
    assert.match(stderr, /^Interrupted.*\n.* third signal .*\nNothing of it is left.*\n$/);
    await using client = await connect(database.url);
    const { rows: unfinished } = await client.query(
      "select name from pulp.task where state in ('waiting', 'running', 'canceling')",
    );
    assert.deepEqual(unfinished, []);
    const { rows: workers } = await client.query<{ state: string }>('select distinct state from pulp.worker');
    assert.deepEqual(workers, [{ state: 'offline' }]);
  });

  test('killed, it leaves no workers behind', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const demo = pulp.start(['demo']);
    for await (const line of createInterface({ input: demo.stdout }))
      if (line.includes('hang kernel') && line.includes('runs on')) break;
    await using client = await connect(database.url);
    demo.kill('SIGKILL');

    // Each worker's session holds its name; we get it when the session has ended.
    await client.query("select pg_advisory_lock(pulp.lock_class('worker'), id) from pulp.worker_name");
    const { rows: workers } = await client.query('select distinct state from pulp.worker');
    assert.deepEqual(workers, [{ state: 'offline' }]);
  });

  test('a lost worker fails it', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const demo = pulp.start(['demo']);
    const stderr = text(demo.stderr);
    for await (const line of createInterface({ input: demo.stdout })) if (line.includes('runs on')) break;
    demo.stdout.resume();
    await using client = await connect(database.url);
    const { rows } = await client.query<{ pid: number }>(
      "select pid from pulp.worker where state = 'online' limit 1",
    );

    process.kill(rows[0]?.pid ?? 0, 'SIGKILL');
    await once(demo, 'close');

    assert.equal(demo.exitCode, 1);
    assert.match(await stderr, /ended before its time \(SIGKILL\)/);
  });
});
