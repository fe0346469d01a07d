import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { standingOf, thisClaimant } from '../../src/workers/directories/directory-claim.ts';
import { WorkerDirectory } from '../../src/workers/directories/worker-directory.ts';
import { CommandLine, TASKS_FILE } from '../cli/command-line.ts';
import { Gate } from '../cli/gate.ts';
import { createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const OWNER = fileURLToPath(new URL('./worker-directory-owner.ts', import.meta.url));

suite('claims on directories', () => {
  test('keep workers of one name and two databases apart, in real processes', async () => {
    await using first = await createDatabase();
    await using second = await createDatabase();
    const root = mkdtempSync(join(tmpdir(), 'pulp-claims-'));
    await using gate = await Gate.close(first.url);
    await using one = await CommandLine.create({ DATABASE_URL: first.url, PULP_WORKING_DIRECTORY: root });
    await using other = await CommandLine.create({ DATABASE_URL: second.url, PULP_WORKING_DIRECTORY: root });
    await one.worker('--tasks', TASKS_FILE, '--name', 'w');
    const arrival = gate.held();
    await one.run(['task', 'enqueue', 'test.hold']);
    const held = await arrival;
    const file = join(root, 'w', held, 'file');
    writeFileSync(file, 'of the first');

    const twin = await other.worker('--tasks', TASKS_FILE, '--name', 'w');
    assert.equal(readFileSync(file, 'utf8'), 'of the first');
    const directories = () =>
      readdirSync(root)
        .filter((name) => !name.startsWith('.'))
        .sort();
    assert.equal(directories().length, 2);
    assert.match(directories()[1] ?? '', /^w~[0-9a-f]{8}$/);
    const added = await other.run(['task', 'enqueue', 'test.add', '--args', '[1, 2]', '--wait']);
    assert.equal(added.code, 0, added.stderr);
    twin.process.kill('SIGTERM');
    await until(() => directories().length === 1);
    assert.equal(readFileSync(file, 'utf8'), 'of the first');
    rmSync(root, { recursive: true, force: true });
  });

  test('of a live process are left alone, and its directory too', async () => {
    using place = new Root();
    const owner = await place.own('w', 'A');
    const directory = new WorkerDirectory('w', place.path);
    await directory.create('A'); // even if the database gave us the name: it may be frozen, and come back
    assert.match(basename(directory.path), /^w~/);
    assert.equal(WorkerDirectory.at(directory.path).path, directory.path);
    assert.equal(readFileSync(join(owner.path, 'file'), 'utf8'), 'w');
    await directory.delete();
    assert.ok(!existsSync(directory.path));
    assert.ok(existsSync(owner.path));
    owner.process.send('end');
    await once(owner.process, 'exit');
    assert.deepEqual(place.claims(), []);
  });

  test('of a process that was killed end with it: whoever comes next removes its files', async () => {
    using place = new Root();
    const owner = await place.own('killed', 'A');
    const alive = await place.own('alive', 'A');
    owner.process.kill('SIGKILL');
    await once(owner.process, 'exit');
    assert.ok(existsSync(owner.path));
    const directory = new WorkerDirectory('next', place.path);
    await directory.create('B');
    await until(() => !existsSync(owner.path) && place.claims().length === 2);
    await until(() => readdirSync(place.path).every((name) => !name.startsWith('.remains-')));
    assert.ok(existsSync(join(alive.path, 'file')));
    await directory.delete();
  });

  test('of the same name are taken over when their process is over', async () => {
    using place = new Root();
    const owner = await place.own('w', 'A');
    owner.process.kill('SIGKILL');
    await once(owner.process, 'exit');
    const directory = new WorkerDirectory('w', place.path);
    await directory.create('B');
    assert.equal(directory.path, owner.path);
    assert.deepEqual(readdirSync(directory.path), []);
    await directory.delete();
    assert.deepEqual(place.claims(), []);
  });

  test('that nobody made leave a folder of something else alone', async () => {
    using place = new Root();
    mkdirSync(join(place.path, 'unclaimed'));
    utimesSync(join(place.path, 'unclaimed'), 0, 0);
    const directory = new WorkerDirectory('w', place.path);
    await directory.create('A');
    await directory.delete();
    assert.ok(existsSync(join(place.path, 'unclaimed')));
  });

  test('say of claimants elsewhere no more than can be known', async () => {
    const us = { ...(await thisClaimant('A')), machine: 'm' };
    const elsewhere = { ...us, host: 'elsewhere' };
    assert.equal(await standingOf(us, us), 'ours');
    assert.equal(await standingOf({ ...us, startTime: '1' }, us), 'over');
    assert.equal(await standingOf({ ...us, boot: 'before' }, us), 'over', 'the machine was booted anew');
    assert.equal(
      await standingOf({ ...us, processes: 'pid:[1]' }, us),
      'over',
      'its database gave us the name',
    );
    assert.equal(await standingOf({ ...us, processes: 'pid:[1]', database: 'B' }, us), 'alive');
    assert.equal(await standingOf({ ...elsewhere, database: 'B' }, us), 'alive');
    assert.equal(await standingOf({ ...elsewhere, database: null }, { ...us, database: null }), 'alive');
    assert.equal(await standingOf(elsewhere, us), 'over');
  });
});

/** A root of its own, with processes that end with it. */
class Root implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'pulp-claims-'));
  readonly #processes: ChildProcess[] = [];

  async own(
    name: string,
    database: string,
  ): Promise<{ readonly process: ChildProcess; readonly path: string }> {
    const process = fork(OWNER, [name, this.path, database]);
    this.#processes.push(process);
    const [path] = (await once(process, 'message')) as [string];
    return { process, path };
  }

  claims(): string[] {
    return existsSync(join(this.path, '.claims')) ? readdirSync(join(this.path, '.claims')) : [];
  }

  [Symbol.dispose](): void {
    for (const process of this.#processes) process.kill('SIGKILL');
    rmSync(this.path, { recursive: true, force: true });
  }
}
