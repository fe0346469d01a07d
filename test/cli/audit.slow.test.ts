import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createDatabase } from '../support/database.ts';
import { Login } from '../support/login.ts';
import { CommandLine } from './command-line.ts';

test('who did what is told: as it is said, and by login', async () => {
  await using database = await createDatabase();
  await using submitter = await Login.create(['pulp_submitter']);
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
  const enqueue = (env: NodeJS.ProcessEnv, ...more: readonly string[]) =>
    pulp.run(['task', 'enqueue', 't', '--unchecked', ...more], { env });
  const byAlice = (await enqueue({ PULP_ACTOR: 'alice' })).stdout.trim();
  const byBob = (await enqueue({ PULP_ACTOR: 'alice' }, '--actor', 'bob')).stdout.trim();
  const byLogin = await enqueue({ DATABASE_URL: submitter.at(database.url), PULP_ACTOR: 'alice' });
  assert.equal(byLogin.code, 0, byLogin.stderr);
  await pulp.run(['task', 'cancel', byAlice, '--actor', 'bob', '--reason', 'not needed']);
  await pulp.run(['pause', 'queue', 'default', '--actor', "o'hara"]);

  const audit = async (...flags: readonly string[]) => {
    const { data } = await pulp.json(['audit', ...flags]);
    return (data as { actor: string; type: string; stream_id: string }[]).map(
      ({ actor, type, stream_id }) => `${actor} ${type} ${stream_id}`,
    );
  };
  assert.deepEqual(await audit('--actor', 'bob'), [
    `bob TaskEnqueued ${byBob}`,
    `bob TaskCanceled ${byAlice}`,
  ]);
  assert.deepEqual(await audit('--actor', 'alice'), [`alice TaskEnqueued ${byAlice}`]);
  assert.deepEqual(await audit('--actor', submitter.name), [
    `${submitter.name} TaskEnqueued ${byLogin.stdout.trim()}`,
  ]);
  assert.deepEqual(await audit('--type', 'QueuePaused'), [`o'hara QueuePaused pause/queue/default`]);
  const { stdout } = await pulp.run(['audit', '--since', '1h']);
  assert.match(stdout, /^TIME +ACTOR +LOGIN +EVENT +STREAM +FACTS\n/);
  assert.match(stdout, new RegExp(`bob +\\S+ +TaskCanceled +${byAlice} +reason=not needed`));
  const history = await pulp.run(['task', 'history', byAlice]);
  assert.match(history.stdout, /TaskCanceled +bob \(\S+\) +reason=not needed/);
  const unknown = await pulp.run(['audit', '--type', 'Nothing']);
  assert.equal(unknown.code, 2);
  await using client = await connect(database.url);
  const { rows } = await client.query('select distinct owner from pulp.task order by 1');
  assert.deepEqual(
    rows.map(({ owner }: { owner: string }) => owner),
    ['alice', 'bob', submitter.name].sort(),
  );
});
