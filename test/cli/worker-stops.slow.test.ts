import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from '../support/is-alive.ts';
import { createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { CommandLine, TASKS_FILE, type WorkerProcess } from './command-line.ts';
import { Gate } from './gate.ts';

const WORKER = ['worker', '--tasks', TASKS_FILE, '--concurrency', '1'];

/** Runs the words that it is given, as a shell does that forks for the last command too. */
const SHELL = ['sh', '-c', '"$0" "$@"; exit $?'];

/** Variables of npm, which the tests may themselves run under. */
const NO_NPM = { npm_command: undefined, npm_lifecycle_event: undefined };
const NPM = { npm_command: 'exec' };

/** Longer than it takes to look twice whether the parent is still there, in milliseconds. */
const LOOKS_MS = 1500;

function isThere(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

const withoutNpm = !isThere('npm') && 'there is no npm';
const withoutNamespaces =
  spawnSync('unshare', ['--fork', '--pid', '--mount-proc', 'true'], { stdio: 'ignore' }).status !== 0 &&
  'no process of its own namespace can be made';

/** The process of a worker that another program has started. */
async function pidOf(pulp: CommandLine): Promise<number> {
  const { data } = await pulp.json(['worker', 'check']);
  const [check] = data as { pid: number }[];
  assert(check);
  return check.pid;
}

/** The first child of a process. */
async function childOf({ process: { pid = 0 } }: WorkerProcess): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0]);
}

suite('a worker is told to end', () => {
  test('once, by one Ctrl-C, however often its signal comes; and once more by SIGHUP', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    await using gate = await Gate.close(database.url);
    const worker = await pulp.worker(...WORKER.slice(1));
    const arrival = gate.held();
    await pulp.run(['task', 'enqueue', 'test.hold']);
    await arrival;
    for (let times = 0; times < 4; times += 1) worker.process.kill('SIGINT');
    await worker.logged('stops when what runs has finished');
    worker.process.kill('SIGINT');
    await pause(LOOKS_MS); // nothing tells of a signal that is not counted
    assert(!worker.hasLogged('ends what runs'));
    worker.process.kill('SIGHUP');
    assert.deepEqual(await worker.ended, { code: 4 });
  });

  test('by the end of the shell or npm that started it, if npm is behind it', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const worker = await pulp.workerOf(pulp.launch([...SHELL, ...pulp.words(WORKER)], NPM));
    worker.process.kill('SIGTERM');
    await worker.ended; // its stderr is closed, which the worker had
    assert(worker.hasLogged('the npm that started it has ended'));
    assert(worker.hasLogged('"msg":"stopped"'));
  });

  test('by SIGTERM to a real npm, which passes it on to nobody', { skip: withoutNpm }, async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const words = pulp.words(WORKER).map((word) => `'${word}'`);
    const npm = ['npm', 'exec', '--offline', '-c', `${words.join(' ')}; exit $?`];
    const worker = await pulp.workerOf(pulp.launch(npm, NO_NPM));
    worker.process.kill('SIGTERM');
    await worker.ended;
    assert(worker.hasLogged('"msg":"stopped"'));
  });

  test('but by no end of a parent that is not of npm, nor of one that it has left', async () => {
    await using database = await createDatabase();
    const leaves = isThere('setsid') ? [{ words: ['setsid'], env: NPM }] : [];
    for (const { words, env } of [{ words: [], env: NO_NPM }, ...leaves]) {
      await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
      const worker = await pulp.workerOf(pulp.launch([...SHELL, ...words, ...pulp.words(WORKER)], env));
      const pid = await pidOf(pulp);
      worker.process.kill('SIGKILL');
      await pause(LOOKS_MS); // nothing tells that it goes on
      assert(isAlive(pid) && !worker.hasLogged('stops when'));
      process.kill(pid, 'SIGTERM');
      await worker.ended;
      assert(worker.hasLogged('"msg":"stopped"'));
    }
  });

  test('nor by the end of a terminal, if nohup is before it', async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    // A terminal is replaced by what cannot be read.
    const nohup = ['sh', '-c', 'exec "$0" "$@" 0>/dev/null', ...pulp.words(WORKER)];
    const worker = await pulp.workerOf(pulp.launch(nohup, NPM));
    worker.process.kill('SIGHUP');
    await pause(LOOKS_MS); // nothing tells that it goes on
    assert.equal(worker.process.signalCode, null);
    assert(!worker.hasLogged('stops when'));
    worker.process.kill('SIGTERM');
    assert.deepEqual(await worker.ended, { code: 0 });
  });

  test('by signals also as process 1, of which it warns', { skip: withoutNamespaces }, async () => {
    await using database = await createDatabase();
    await using pulp = await CommandLine.create({ DATABASE_URL: database.url });
    const unshare = ['unshare', '--fork', '--pid', '--mount-proc', '--kill-child', '--'];
    const worker = await pulp.workerOf(pulp.launch([...unshare, ...pulp.words(WORKER)], NO_NPM));
    assert(worker.hasLogged('runs as process 1'));
    process.kill(await childOf(worker), 'SIGTERM');
    assert.deepEqual(await worker.ended, { code: 0 });
  });

  test('before it has begun, and ends at once', async () => {
    await using pulp = await CommandLine.create({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nowhere' });
    await pulp.write(
      'slow.ts',
      "process.stderr.write('loading\\n'); await new Promise((r) => setTimeout(r, 50_000));",
    );
    const child = pulp.start(['worker', '--tasks', 'slow.ts']);
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    await until(() => said.includes('loading'), 60_000);
    child.kill('SIGTERM');
    await until(() => child.exitCode !== null);
    assert.equal(child.exitCode, 0);
  });
});
