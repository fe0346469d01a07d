import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { WorkerSession } from './worker-session.ts';

test('no function sends a notification but by pulp.notify, which never waits for a standby', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  const { rows } = await client.query<{ name: string }>(
    `select proname as name from pg_proc
     where pronamespace = 'pulp'::regnamespace and prosrc ~* '(pg_notify|\\mnotify\\M *[a-z_]+ *[;,])' order by 1`,
  );
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['notify', 'send_notices'],
  );
});

test('those who wait are told by the ends of ids which tasks have ended, and nothing of many', async () => {
  await using database = await createDatabase();
  await using listener = await connect(database.url);
  await using worker = await WorkerSession.open(database.url);
  const heard: string[] = [];
  listener.on('notification', ({ payload = '' }) => heard.push(payload));
  await listener.query('listen pulp_finished');
  const said = async (step: () => Promise<unknown>) => {
    heard.length = 0;
    await step();
    await until(() => heard.length > 0);
    return heard.flatMap((payload) => payload.split(' ')).toSorted();
  };
  const marks = (ids: readonly string[]) => ids.map((id) => id.slice(-8)).toSorted();
  const enqueue = async (number: number) => {
    const ids: string[] = [];
    while (ids.length < number) ids.push(await worker.enqueue());
    return ids;
  };

  const two = await enqueue(2);
  const runs = await worker.start(2);
  assert.deepEqual(
    await said(() => worker.finish(runs.map((run) => ({ ...run, outcome: 'completed' })))),
    marks(two),
  );

  const canceled = await worker.enqueue();
  const dependent = await worker.enqueue({ after: [canceled] });
  assert.deepEqual(
    await said(() => worker.client.query('select pulp.cancel($1)', [canceled])),
    marks([canceled]),
  );
  assert.deepEqual(await said(() => worker.grant()), marks([dependent]));

  await enqueue(101);
  const many = await worker.start(101);
  assert.deepEqual(await said(() => worker.finish(many.map((run) => ({ ...run, outcome: 'completed' })))), [
    '',
  ]);
});
