import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { openHistory, runTasks } from '../support/history.ts';
import { unpackBatches } from '../support/unpack-batches.ts';
import { checkLog } from '../support/log-checker.ts';
import { until } from '../support/until.ts';
import { CommandLine } from './command-line.ts';

suite('pulp db rebuild', () => {
  test('says what it would change, changes it, and verifies it', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const { rows } = await client.query<{ id: string }>(
      `delete from pulp.task where kwargs ->> 'name' = 'first' returning id`,
    );
    await client.query('update pulp.worker set pid = 0');

    const dry = await pulp.run(['db', 'rebuild', '--dry-run']);
    assert.deepEqual([dry.code, dry.stdout], [0, `${rows[0]?.id} missing\n`]);
    assert.match(
      dry.stderr,
      /^Folded 22 events in .* events\/s\.\nWrong: 1 missing, 1 workers, 1 counts\.\n$/,
    );

    const { code, data } = await pulp.json(['db', 'rebuild']);
    assert.equal(code, 0);
    const { ok, counts, violations } = data as { ok: boolean; counts: unknown; violations: unknown };
    assert.deepEqual([ok, counts, violations], [true, { missing: 1, workers: 1 }, []]);
    assert.deepEqual(await checkLog(client), []);

    const again = await pulp.run(['db', 'rebuild']);
    assert.deepEqual([again.code, again.stdout], [0, '']);
    assert.match(
      again.stderr,
      /Nothing was wrong\.\nRows were locked for 0 ms at most, tables never\.\nVerified: all is well\.\n$/,
    );
  });

  test('exits with 1 if the log itself is broken', async () => {
    await using history = await openHistory();
    const { client, database } = history;
    await unpackBatches(client);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await client.query(`
      set session_replication_role = replica;
      update pulp.event_single set type = 'TaskVanished' where stream_id = pg_temp.id('free')`);
    const { code, stderr } = await pulp.run(['db', 'rebuild']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Was wrong: 1 unreadable\.\n.*\nVerified: 1 violations are left; `pulp db verify` shows them\.\n$/,
    );
  });

  test('goes on where it was when it was killed', async () => {
    await using database = await createDatabase();
    await using client = await connect(database.url);
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await runTasks(client, 3000);
    await client.query(`update pulp.task set result = '"lost"', error = '"lost"'`);
    const left = async () => {
      const { rows } = await client.query<{ left: number }>(
        `select count(*)::integer as left from pulp.task where result = '"lost"'`,
      );
      return rows[0]?.left ?? 0;
    };

    const first = pulp.start(['db', 'rebuild']);
    await until(async () => (await left()) < 3000);
    first.kill('SIGKILL');
    await once(first, 'close');
    const rest = await left();
    assert.ok(rest > 0 && rest < 3000, `it had ${rest} left`);

    const { code, data } = await pulp.json(['db', 'rebuild']);
    assert.equal(code, 0);
    const { different = 0 } = (data as { counts: { different?: number } }).counts;
    assert.ok(different > 0 && different <= rest);
    assert.equal(await left(), 0);
    assert.deepEqual(await checkLog(client), []);
  });
});
