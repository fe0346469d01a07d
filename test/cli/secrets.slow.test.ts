import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { digestOf } from '../engine/secret-tasks.ts';
import { CommandLine } from './command-line.ts';

const TASKS = fileURLToPath(new URL('../engine/secret-tasks.ts', import.meta.url));

const CANARY = 'canary-5e0f "sings"';
const WORD = 'canary-word';
const CANARIES = /canary|sings/;

const KEYS = { PULP_SECRET_KEYS: `main:${randomBytes(32).toString('base64')}` };

/** A line for `pulp task enqueue --from -`. */
function line(name: string): string {
  return `${JSON.stringify({ name, args: ['hello', WORD], kwargs: { token: CANARY } })}\n`;
}

test('secrets given on stdin are shown by no command, log or process list, with the code at hand or not', async () => {
  await using database = await createDatabase();
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url, PULP_LOG_LEVEL: 'trace' });
  const said: string[] = [];
  const note = ({ stdout, stderr }: { stdout: string; stderr: string }) => said.push(stdout, stderr);
  const enqueue = async (name: string, more: readonly string[], env: NodeJS.ProcessEnv = KEYS) => {
    const ended = await pulp.run(['task', 'enqueue', '--from', '-', ...more], { input: line(name), env });
    note(ended);
    return ended;
  };

  const unlocked = await enqueue('secret.tells', ['--tasks', TASKS], {});
  assert.equal(unlocked.code, 2);
  assert.match(unlocked.stderr, /PULP_SECRET_KEYS/);
  const first = await enqueue('secret.betrays', ['--tasks', TASKS]);
  assert.equal(first.code, 0, first.stderr);

  const worker = pulp.start(['worker', '--tasks', TASKS, '--concurrency', '2'], KEYS);
  const workerEnded = once(worker, 'close');
  for (const stream of [worker.stdout, worker.stderr]) {
    stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  }
  await until(() => said.some((text) => text.includes('online')));
  const checked = await enqueue('secret.tells.inline', []);
  const unchecked = await enqueue('secret.tells', ['--unchecked']);
  const ids = [first, checked, unchecked].map(({ stdout }) => stdout.trim());
  for (const [index, id] of ids.entries()) {
    const waited = await pulp.run(['task', 'wait', id, '--json']);
    note(waited);
    assert.equal(waited.code, index === 0 ? 1 : 0, waited.stderr);
    assert.ok(waited.stdout.includes(digestOf(CANARY, WORD)), 'the code was given the secrets');
    for (const command of ['show', 'history', 'why']) {
      note(await pulp.run(['task', command, id]));
      note(await pulp.run(['task', command, id, '--json']));
    }
  }
  const shown = await pulp.run(['task', 'show', ids[1] ?? '']);
  assert.match(shown.stdout, /^args +\["hello","\(secret\)"\]$/m);
  assert.match(shown.stdout, /^kwargs +\{"token":"\(secret\)"\}$/m);
  for (const command of [['task', 'list'], ['events']]) note(await pulp.run([...command, '--json']));
  said.push(await processList());

  worker.kill('SIGTERM');
  await workerEnded;
  const all = said.join('\n');
  assert.match(all, /logged \(secret\)/);
  assert.match(all, /printed \(secret\)/);
  assert.doesNotMatch(all, CANARIES);
});

/** The command lines of all processes. */
async function processList(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.join('\n').replaceAll('\0', ' ');
}

test('a mark is taken back by a command, with clear words where there is none', async () => {
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
  const type = {
    name: 't',
    schema: { secrets: [['kwargs', 'token']] },
    isolation: 'horse',
    on_worker_loss: 'cancel',
  };
  await client.query('select pulp.publish_task_types($1, $2)', ['w', JSON.stringify([type])]);
  const unmark = (...words: readonly string[]) => pulp.run(['db', 'unmark-secret', ...words]);

  const elsewhere = await unmark('t', 'kwargs.word');
  assert.equal(elsewhere.code, 2);
  assert.match(elsewhere.stderr, /no mark of a secret at kwargs\.word[^]*kwargs\.token/);
  const unknown = await unmark('u', 'kwargs.token');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no worker has published a task type "u"/);
  const taken = await unmark('t', 'kwargs.token');
  assert.deepEqual(
    [taken.code, taken.stdout],
    [0, 'kwargs.token of t is marked as a secret no more\n'],
    taken.stderr,
  );
});
