import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startTimeOf } from '../../src/processes/start-time.ts';
import { StatusFile, statusFolder, statusPath, type WorkerStatus } from '../../src/health/status-file.ts';
import { checkWorkers, STILL_MS } from '../../src/health/worker-check.ts';

/** A root of workers' directories, removed at the end of its scope. */
async function createRoot(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'pulp-status-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function problems(root: string, name?: string): Promise<Record<string, string | null>> {
  const checks = await checkWorkers(root, name);
  return Object.fromEntries(checks.map(({ worker, problem }) => [worker, problem?.text ?? null]));
}

/** Changes what the file of a worker says. */
async function rewrite(root: string, worker: string, changes: Partial<WorkerStatus>): Promise<void> {
  const path = statusPath(root, worker);
  const status = JSON.parse(await readFile(path, 'utf8')) as WorkerStatus;
  await writeFile(path, JSON.stringify({ ...status, ...changes }));
}

suite('checks of workers by their status files', () => {
  test('what a process that is gone did not write to its end is taken away, what a live one is writing stays', async () => {
    await using root = await createRoot();
    await new StatusFile(root.path, 'one').write('online');
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'close');
    const draft = (pid = 0) => `${statusPath(root.path, 'two')}.${pid}`;
    for (const pid of [gone.pid, process.pid]) await writeFile(draft(pid), '{');
    await new StatusFile(root.path, 'next').removeVestiges();
    assert.deepEqual((await readdir(statusFolder(root.path))).toSorted(), [
      'one.json',
      `two.json.${process.pid}`,
    ]);
  });

  test('a worker is as it says; a file that was taken away comes back with the next sign of life', async () => {
    await using root = await createRoot();
    const file = new StatusFile(root.path, 'one');
    await file.write('starting');
    assert.deepEqual(await problems(root.path), { one: 'is starting' });
    await file.write('reconnecting', 'no server');
    assert.deepEqual(await problems(root.path), { one: 'is reconnecting: no server' });
    await file.write('online');
    await rm(statusFolder(root.path), { recursive: true });
    await file.touch();
    assert.deepEqual(await problems(root.path), { one: null });
    assert.deepEqual(await problems(root.path, 'other'), {});
    await file.remove();
    assert.deepEqual(await readdir(statusFolder(root.path)), []);
  });

  test('a main loop that stands still is seen, until it turns again', async () => {
    await using root = await createRoot();
    const file = new StatusFile(root.path, 'one');
    await file.write('online');
    const before = new Date(Date.now() - STILL_MS - 5000);
    await utimes(statusPath(root.path, 'one'), before, before);
    const [check] = await checkWorkers(root.path, 'one');
    assert.equal(check?.problem?.dead, true);
    assert.match(check.problem.text, /^has given no sign of life for 15 s$/);
    await file.touch();
    assert.deepEqual(await problems(root.path), { one: null });
  });

  test('a process that ended is seen, also if another one has its id; the next worker clears up after it', async () => {
    await using root = await createRoot();
    for (const name of ['ended', 'recycled', 'elsewhere'])
      await new StatusFile(root.path, name).write('online');
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await rewrite(root.path, 'ended', { pid: child.pid ?? 0 });
    await rewrite(root.path, 'recycled', { startTime: '1' });
    await rewrite(root.path, 'elsewhere', { host: 'another.example.org' });
    assert.deepEqual(await problems(root.path), {
      ended: `has died: there is no process ${child.pid ?? 0} of it any more`,
      recycled: `has died: there is no process ${process.pid} of it any more`,
    });
    await new StatusFile(root.path, 'next').removeVestiges();
    assert.deepEqual(await readdir(statusFolder(root.path)), ['elsewhere.json']);
  });

  test('the file of a live process of the same name is left to it', async () => {
    await using root = await createRoot();
    await new StatusFile(root.path, 'one').write('online');
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    await rewrite(root.path, 'one', { pid, startTime: (await startTimeOf(pid)) ?? '' });
    const second = new StatusFile(root.path, 'one');
    await second.write('starting');
    await second.touch();
    await second.remove();
    assert.equal((await checkWorkers(root.path, 'one'))[0]?.pid, pid);
    await second.write('online'); // the database gave it the name
    assert.equal((await checkWorkers(root.path, 'one'))[0]?.pid, process.pid);
    child.stdin.end();
    await once(child, 'exit');
  });

  test('names do not lead out of the folder, and links in its place are not followed', async () => {
    await using root = await createRoot();
    assert.throws(() => new StatusFile(root.path, '../one'), { code: 'INVALID_INPUT' });
    await using victim = await createRoot();
    await symlink(victim.path, statusFolder(root.path));
    await assert.rejects(new StatusFile(root.path, 'one').write('online'), { code: 'STATUS_FOLDER_UNSAFE' });
    assert.deepEqual(await readdir(victim.path), []);
  });

  test('nobody else can read what it says', async () => {
    await using root = await createRoot();
    await new StatusFile(root.path, 'one').write('online');
    const modes = await Promise.all(
      [statusFolder(root.path), statusPath(root.path, 'one')].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    );
    assert.deepEqual(modes, [0o700, 0o600]);
  });
});
