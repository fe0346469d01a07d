import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { openHistory } from './history.ts';
import { unpackBatches } from './unpack-batches.ts';
import { checkLog } from './log-checker.ts';

/** What each of the checker's parts has to find; the rules of `pulp.verify` have a test of their own. */
const CORRUPTIONS: Readonly<Record<string, string>> = {
  task_as_folded: `
    update pulp.task set timeout_seconds = 1 where id = pg_temp.id('free')::uuid`,
  overtaken_in_line: `
    update pulp.event_single set position = 1 where stream_id = pg_temp.id('third') and type = 'TaskEnqueued'`,
  shape_of_type: `
    update pulp.event_single set data = data || '{"colour": "red"}' where type = 'TaskStarted'`,
  as_folded: `
    update pulp.reservation set requested_at = requested_at - interval '1 s' where task_id = pg_temp.id('third')::uuid`,
};

suite('the checker of logs', { concurrency: true }, () => {
  test('finds nothing in a history without a flaw', async () => {
    await using history = await openHistory();
    const { client } = history;
    assert.deepEqual(await checkLog(client), []);
  });

  for (const [rule, corruption] of Object.entries(CORRUPTIONS)) {
    test(`finds what breaks the rule ${rule}`, async () => {
      await using history = await openHistory();
      const { client } = history;
      await unpackBatches(client);
      await client.query(
        `set session_replication_role = replica; ${corruption}; reset session_replication_role`,
      );
      const violations = await checkLog(client);
      assert(
        violations.some((violation) => violation.startsWith(`${rule}: `)),
        `found only: ${violations.join('\n')}`,
      );
    });
  }

  test('tells of events that the folds refuse', async () => {
    await using history = await openHistory();
    const { client } = history;
    await unpackBatches(client);
    await client.query(`
      set session_replication_role = replica;
      update pulp.event_single set type = 'TaskVanished' where stream_id = pg_temp.id('free')`);
    const refusals = (await checkLog(client)).filter((violation) => violation.includes('TaskVanished'));
    assert.deepEqual(
      refusals.map((refusal) => refusal.split(':')[0]),
      ['stream_readable', 'shape_of_type', 'as_folded'],
    );
  });
});
