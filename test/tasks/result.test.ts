import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { z } from 'zod';
import { defineTask, PulpError, TaskFailure } from '../../src/index.ts';
import { testPulp } from '../../src/testing/index.ts';
import { databaseUrl } from '../support/database.ts';

const add = defineTask('add', { args: z.tuple([z.number(), z.number()]), run: ({ args: [a, b] }) => a + b });
const nothing = defineTask('nothing', { run: () => undefined });
const refuse = defineTask('refuse', {
  run: () => {
    throw new PulpError('TOO_LATE', 'it is too late', { remedy: 'Come earlier.' });
  },
});

/** What waiting for a result rejects with. */
async function failureOf(result: Promise<unknown>): Promise<TaskFailure> {
  const error: unknown = await result.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof TaskFailure, String(error));
  return error;
}

suite('the result of a task', () => {
  test('is what its code returned, or a failure that says why there is none', async () => {
    await using pulp = await testPulp({
      tasks: { add, nothing, refuse },
      serverUrl: databaseUrl('postgres'),
    });
    const [sum, none, refused] = await pulp.enqueueMany([
      { task: add, args: [1, 2] },
      { task: nothing },
      { task: refuse },
    ]);
    await pulp.drain();
    assert.equal(await sum.result(), 3);
    for (const id of [sum.id.toUpperCase(), `{${sum.id}}`, sum.id.replaceAll('-', '')])
      assert.equal((await pulp.task(id).wait({ timeout: 20_000 })).id, sum.id, id);
    assert.equal(await none.result(), null);
    const failure = await failureOf(refused.result());
    assert.deepEqual([failure.state, failure.code, failure.task.id], ['failed', 'TOO_LATE', refused.id]);
    assert.match(failure.message, /^task \S+ \(refuse\) failed: it is too late$/);
    assert.equal((failure.error as { remedy: string }).remedy, 'Come earlier.');

    const canceled = await pulp.enqueue(add, { args: [1, 2], delay: 3600 });
    await canceled.cancel();
    assert.deepEqual((await failureOf(canceled.result({ timeout: 20_000 }))).code, 'TASK_CANCELED');
  });
});
