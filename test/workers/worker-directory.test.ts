import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { suite } from 'node:test';
import { Worker } from 'node:worker_threads';
import { asCurrentTask } from '../../src/tasks/current.ts';
import { WorkerDirectory } from '../../src/workers/directories/worker-directory.ts';
import { WorkingDirectory } from '../../src/workers/directories/working-directory.ts';
import { workingRoot } from '../../src/workers/directories/working-root.ts';

const TASK = '0190a000-0000-7000-8000-00000000000a';
const OTHER_TASK = '0190a000-0000-7000-8000-00000000000b';

/** A user with no rights, for what root is never denied. */
const NOBODY = 65_534;
const needsRoot = process.geteuid?.() === 0 ? {} : { skip: 'only root can run code as another user' };
const needsHandles =
  process.platform === 'linux' ? {} : { skip: 'only Linux can hold a directory by a handle' };

suite("a worker's directory", () => {
  for (const umask of [0o000, 0o022, 0o077, 0o277, 0o777]) {
    test(`has the mode 0700 with the umask ${umask.toString(8)}`, async () => {
      using place = new Place();
      const root = join(place.path, 'new/root');
      const worker = new WorkerDirectory('w', root);
      mkdirSync(join(place.path, 'new'));
      const before = process.umask(umask);
      try {
        await worker.create();
      } finally {
        process.umask(before);
      }
      assert.equal(modeOf(worker.path), 0o700);
      assert.equal(modeOf(root), 0o700);
      assert.equal(worker.path, join(root, 'w'));
    });
  }

  test('is deleted and made again when it exists', async () => {
    using place = new Place();
    const worker = new WorkerDirectory('w', place.root);
    await worker.create();
    fill(join(worker.path, TASK));
    fill(join(worker.path, '.compile-cache'));
    chmodSync(worker.path, 0o755);
    await worker.create();
    assert.deepEqual(readdirSync(worker.path), []);
    assert.equal(modeOf(worker.path), 0o700);
    await worker.delete();
    await worker.delete(); // nothing there is fine
    assert.deepEqual(readdirSync(place.root), []);
  });

  for (const name of [
    '',
    '.',
    '..',
    '../up',
    'a/b',
    '/etc',
    '.hidden',
    '-rf',
    '7',
    'a\n',
    'a\0b',
    'ä',
    'x'.repeat(129),
  ]) {
    test(`is refused the name ${JSON.stringify(name).slice(0, 20)}`, () => {
      assert.throws(() => new WorkerDirectory(name, '/nowhere'), {
        name: 'PulpError',
        code: 'INVALID_INPUT',
      });
    });
  }

  test('takes the longest name, and those with a host in them', () => {
    for (const name of ['x'.repeat(128), 'reserved-resource-worker-1@host.example.com', 'worker-12@h:1_2']) {
      assert.equal(new WorkerDirectory(name, '/nowhere').path, `/nowhere/${name}`);
    }
  });

  test('is removed with whatever is in it: names that are no text, and trees of any depth', async () => {
    using place = new Place();
    const worker = new WorkerDirectory('w', place.root);
    await worker.create();
    writeFileSync(Buffer.from(`${worker.path}/caf\xe9`, 'latin1'), '');
    mkdirSync(Buffer.from(`${worker.path}/d\xe9ep`, 'latin1'));
    const home = process.cwd();
    process.chdir(worker.path);
    for (let depth = 0; depth < 3000; depth += 1) {
      mkdirSync('deep');
      process.chdir('deep');
    }
    process.chdir(home);
    await worker.delete();
    assert.deepEqual(readdirSync(place.root), []);
  });

  test('is removed by the process that made it, whatever a task has put there', async () => {
    using place = new Place();
    const worker = new WorkerDirectory('w', place.root);
    await worker.create();
    chmodSync(worker.path, 0o755);
    writeFileSync(join(worker.path, 'out.log'), '');
    await new WorkerDirectory('w', place.root).delete();
    assert.deepEqual(readdirSync(place.root), []);
  });

  test('is not deleted if it was there before any worker', async () => {
    using place = new Place();
    mkdirSync(join(place.root, 'lib/postgresql'), { recursive: true, mode: 0o755 });
    const worker = new WorkerDirectory('lib', place.root);
    await assert.rejects(worker.create(), { name: 'PulpError', code: 'DIRECTORY_NOT_OURS' });
    await assert.rejects(worker.delete(), { name: 'PulpError', code: 'DIRECTORY_NOT_OURS' });
    assert.ok(existsSync(join(place.root, 'lib/postgresql')));
  });
});

suite('the root of the directories', () => {
  test('is a folder of this user alone below the temporary one, unless chosen', () => {
    const chosen = process.env['PULP_WORKING_DIRECTORY'];
    delete process.env['PULP_WORKING_DIRECTORY'];
    try {
      assert.equal(workingRoot(), join(tmpdir(), `pulp-${process.geteuid?.() ?? ''}`));
      process.env['PULP_WORKING_DIRECTORY'] = 'here';
      assert.equal(workingRoot(), join(process.cwd(), 'here'));
    } finally {
      if (chosen === undefined) delete process.env['PULP_WORKING_DIRECTORY'];
      else process.env['PULP_WORKING_DIRECTORY'] = chosen;
    }
  });

  test('is refused if it is a link, no directory, or writable by others, and stays as it is', async () => {
    using place = new Place();
    const link = join(place.path, 'link');
    symlinkSync(place.victim, link);
    const file = join(place.path, 'file');
    writeFileSync(file, '');
    for (const root of [link, file]) {
      await assert.rejects(new WorkerDirectory('w', root).create(), {
        name: 'PulpError',
        code: 'WORKING_ROOT_UNSAFE',
        message: /link or no directory/,
      });
    }
    for (const mode of [0o770, 0o702, 0o777]) {
      chmodSync(place.root, mode);
      const worker = new WorkerDirectory('w', place.root);
      await assert.rejects(worker.create(), { code: 'WORKING_ROOT_UNSAFE', message: /by other users/ });
      await assert.rejects(worker.delete(), { code: 'WORKING_ROOT_UNSAFE' });
      assert.equal(modeOf(place.root), mode);
    }
    place.assertVictimIntact();
  });

  test("is refused if it is another user's", needsRoot, async () => {
    using place = new Place();
    chownSync(place.root, NOBODY, NOBODY);
    await assert.rejects(new WorkerDirectory('w', place.root).create(), {
      code: 'WORKING_ROOT_UNSAFE',
      message: /belongs to user 65534/,
    });
  });

  test('that cannot be made says so', async () => {
    using place = new Place();
    writeFileSync(join(place.path, 'file'), '');
    await assert.rejects(new WorkerDirectory('w', join(place.path, 'file/root')).create(), {
      code: 'WORKING_ROOT_UNUSABLE',
      message: /ENOTDIR/,
    });
  });
});

suite('no link is followed', () => {
  test("in the place of the worker's directory", async () => {
    using place = new Place();
    const worker = new WorkerDirectory('w', place.root);
    symlinkSync(place.victim, worker.path);
    await worker.delete();
    assert.equal(existsSync(worker.path), false);
    symlinkSync(place.victim, worker.path);
    await worker.deleteWorkingDirectory(TASK);
    await worker.create();
    assert.ok(lstatSync(worker.path).isDirectory());
    place.assertVictimIntact();
  });

  test("in the place of the worker's directory, when a run begins", () => {
    using place = new Place();
    const worker = new WorkerDirectory('w', place.root);
    symlinkSync(place.victim, worker.path);
    {
      using run = WorkingDirectory.of(worker.path, TASK);
      assert.equal(realpathSync(run.path), join(realpathSync(place.root), 'w', TASK));
    }
    place.assertVictimIntact();
  });

  test('in the tree, by removing and by setting modes', async () => {
    using place = new Place();
    const worker = new WorkerDirectory('w', place.root);
    await worker.create();
    const run = join(worker.path, TASK);
    fill(run);
    symlinkSync(place.victim, join(run, 'folder'));
    symlinkSync(join(place.victim, 'file'), join(run, 'file-link'));
    symlinkSync('/', join(run, 'all'));
    symlinkSync('loop', join(run, 'loop'));
    await worker.deleteWorkingDirectory(TASK);
    assert.deepEqual(readdirSync(worker.path), []);
    place.assertVictimIntact();
  });

  test("in the place of a run's directory, before and after the run", async () => {
    using place = new Place();
    const worker = new WorkerDirectory('w', place.root);
    await worker.create();
    symlinkSync(place.victim, join(worker.path, TASK));
    {
      using run = WorkingDirectory.of(worker.path, TASK);
      assert.ok(lstatSync(run.path).isDirectory());
      renameSync(run.path, join(worker.path, 'elsewhere'));
      symlinkSync(place.victim, run.path);
    }
    assert.deepEqual(readdirSync(worker.path), ['elsewhere']);
    place.assertVictimIntact();
  });

  const swapped = [
    { what: 'the root', path: (root: string) => root },
    { what: "the worker's directory", path: (root: string) => join(root, 'w') },
    { what: "a run's directory", path: (root: string) => join(root, 'w', TASK) },
    { what: 'a folder in it', path: (root: string) => join(root, 'w', TASK, 'folder') },
  ];
  for (const { what, path } of swapped) {
    test(
      `by a removal while links are put in the place of ${what}`,
      { ...needsHandles, timeout: 60_000 },
      async () => {
        using place = new Place();
        using _quiet = new Quiet();
        const worker = new WorkerDirectory('w', place.root);
        const swaps = new Int32Array(new SharedArrayBuffer(4));
        const attacker = new Worker(new URL('./worker-directory-swapper.ts', import.meta.url), {
          workerData: { directory: path(place.root), victim: place.victim, swaps },
        });
        try {
          for (let round = 0; round < 300; round += 1) {
            try {
              mkdirSync(join(worker.path, TASK, 'folder'), { recursive: true });
              fill(join(worker.path, TASK, 'folder'));
            } catch {
              // the attacker was faster
            }
            if (round % 2 === 0) await worker.deleteWorkingDirectory(TASK);
            else await worker.delete().catch(() => undefined);
            place.assertVictimIntact();
          }
        } finally {
          await attacker.terminate();
        }
        assert.ok((swaps[0] ?? 0) > 300, `only ${swaps[0] ?? 0} swaps`);
      },
    );
  }
});

suite('what a task left behind', () => {
  test("is removed whatever its modes are, also in the worker's own directory", needsRoot, async () => {
    using place = new Place();
    const order = new Unprivileged(place);
    assert.deepEqual(await order.run('create'), { warnings: [] });
    const run = join(place.root, 'w', TASK);
    const close = (path: string, mode: number) => {
      own(path);
      chmodSync(path, mode);
    };
    for (const [deed, mode] of [
      ['delete-run', 0o700],
      ['delete-run', 0o000],
      ['run', 0o500],
      ['create', 0o000],
      ['delete', 0o044],
    ] as const) {
      mkdirSync(join(run, 'read-only/closed/deep'), { recursive: true });
      for (const folder of ['', 'read-only', 'read-only/closed', 'read-only/closed/deep']) {
        writeFileSync(join(run, folder, 'file'), '', { mode: 0o400 });
      }
      symlinkSync(place.victim, join(run, 'read-only/victim'));
      close(join(run, 'read-only/closed/deep'), 0o111);
      close(join(run, 'read-only/closed'), 0o000);
      close(join(run, 'read-only'), 0o555);
      close(run, 0o444);
      close(join(place.root, 'w'), mode);
      assert.deepEqual(await order.run(deed), { warnings: [] }, deed);
      assert.equal(existsSync(run), false, deed);
    }
    assert.deepEqual(readdirSync(place.root), []);
    place.assertVictimIntact();
  });

  test('is put aside with a warning if it cannot be removed, and is tried again', needsRoot, async () => {
    using place = new Place();
    const order = new Unprivileged(place);
    await order.run('create');
    const run = join(place.root, 'w', TASK);
    mkdirSync(run);
    own(run);
    mkdirSync(join(run, 'of-root'));
    writeFileSync(join(run, 'of-root/file'), '');
    writeFileSync(join(run, 'of-nobody'), '');

    const { warnings } = await order.run('delete-run');
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      new RegExp(`${run} could not be removed \\(EACCES\\); .* now \\.remains-`),
    );
    const [remains = ''] = readdirSync(join(place.root, 'w'));
    assert.match(remains, /^\.remains-/);
    assert.deepEqual(readdirSync(join(place.root, 'w', remains)).length, 1, 'the rest is gone');

    assert.equal((await order.run('run')).warnings.length, 0, 'the name is free');
    assert.equal((await order.run('delete')).warnings.length, 1);
    assert.equal(existsSync(join(place.root, 'w')), false);
    assert.equal((await order.run('create')).warnings.length, 1, 'tried again');

    const stuck = readdirSync(place.root).find((name) => name.startsWith('.remains-')) ?? '';
    rmSync(join(place.root, stuck), { recursive: true });
    assert.deepEqual(await order.run('create'), { warnings: [] });
    assert.deepEqual(readdirSync(place.root), ['.claims', 'w']);
  });

  test('is not removed where another file system is mounted', needsRoot, async (t) => {
    using place = new Place();
    using _quiet = new Quiet();
    const worker = new WorkerDirectory('w', place.root);
    await worker.create();
    const mounted = join(worker.path, TASK, 'folder/mounted');
    mkdirSync(mounted, { recursive: true });
    if (spawnSync('mount', ['--bind', place.victim, mounted]).status !== 0) {
      t.skip('mounting is not permitted here');
      return;
    }
    try {
      const warned = once(process, 'warning') as Promise<[Error]>;
      await worker.deleteWorkingDirectory(TASK);
      assert.match((await warned)[0].message, /could not be removed \(EBUSY\)/);
      place.assertVictimIntact();
    } finally {
      for (const name of readdirSync(worker.path)) {
        spawnSync('umount', [join(worker.path, name, 'folder/mounted')]);
      }
    }
    await worker.delete();
    assert.deepEqual(readdirSync(place.root), []);
    place.assertVictimIntact();
  });

  test('in a closed root is only warned of', needsRoot, async () => {
    using place = new Place();
    const order = new Unprivileged(place);
    chownSync(place.root, 0, 0);
    assert.match((await order.run('delete-run')).warnings[0] ?? '', /belongs to user 0/);
  });

  test('by a process that was killed is removed by the worker', async () => {
    using place = new Place();
    const worker = new WorkerDirectory('w', place.root);
    await worker.create();
    const horse = fork(new URL('./worker-directory-horse.ts', import.meta.url), [worker.path, TASK]);
    await once(horse, 'message');
    assert.ok(existsSync(join(worker.path, TASK, 'file')));
    horse.kill('SIGKILL');
    await once(horse, 'exit');
    await worker.deleteWorkingDirectory(TASK);
    assert.deepEqual(readdirSync(worker.path), []);
  });
});

suite("a run's directory", () => {
  test('is the current directory, with the mode 0700 whatever the umask is, until it is disposed of', async () => {
    await using worker = await Workplace.create();
    const home = process.cwd();
    for (const umask of [0o000, 0o022, 0o077, 0o277, 0o777]) {
      const before = process.umask(umask);
      try {
        using run = WorkingDirectory.of(worker.path, TASK);
        assert.equal(run.path, join(worker.path, TASK));
        assert.equal(process.cwd(), realpathSync(run.path));
        assert.equal(modeOf(run.path), 0o700);
      } finally {
        process.umask(before);
      }
      assert.equal(process.cwd(), home);
      assert.deepEqual(readdirSync(worker.path), []);
    }
  });

  test('is gone after a task that left files, went elsewhere, or removed it itself', async () => {
    await using worker = await Workplace.create();
    const home = process.cwd();
    const deeds: Record<string, (path: string) => void> = {
      'left files': fill,
      'went elsewhere': (path) => {
        fill(path);
        process.chdir('/');
      },
      'removed it': (path) => {
        rmSync(path, { recursive: true });
      },
    };
    for (const [what, deed] of Object.entries(deeds)) {
      {
        using run = WorkingDirectory.of(worker.path, TASK);
        deed(run.path);
      }
      {
        await using run = WorkingDirectory.of(worker.path, TASK);
        deed(run.path);
      }
      assert.equal(process.cwd(), home, what);
      assert.deepEqual(readdirSync(worker.path), [], what);
    }
  });

  test('is left even if the place to go back to is gone', async () => {
    await using worker = await Workplace.create();
    const home = process.cwd();
    const gone = mkdtempSync(join(tmpdir(), 'pulp-gone-'));
    try {
      process.chdir(gone);
      {
        using _run = WorkingDirectory.of(worker.path, TASK);
        rmSync(gone, { recursive: true });
      }
      assert.equal(process.cwd(), '/');
    } finally {
      process.chdir(home);
    }
    assert.deepEqual(readdirSync(worker.path), []);
  });

  test('is empty: what an earlier run of the task left there is deleted', async () => {
    await using worker = await Workplace.create();
    fill(join(worker.path, TASK));
    using run = WorkingDirectory.of(worker.path, TASK);
    assert.deepEqual(readdirSync(run.path), []);
  });

  test("makes the worker's directory again if it is gone", async () => {
    await using worker = await Workplace.create();
    rmSync(worker.path, { recursive: true });
    using run = WorkingDirectory.of(worker.path, TASK);
    assert.equal(modeOf(run.path), 0o700);
    assert.equal(modeOf(worker.path), 0o700);
  });

  test('of another name than the id of a task is refused', async () => {
    await using worker = await Workplace.create();
    for (const id of ['', '..', '../up', `${TASK}/..`, `${TASK}\n`, 'task']) {
      assert.throws(() => WorkingDirectory.of(worker.path, id), { code: 'INVALID_INPUT' });
    }
    assert.deepEqual(readdirSync(worker.path), []);
  });

  test('is reused if the run left it as it was, and is a new one else', async () => {
    await using worker = await Workplace.create();
    const vacant = `.vacant-${process.pid}`;
    const run = (deed: (path: string) => void = () => undefined) => {
      using run = WorkingDirectory.of(worker.path, TASK, { isReused: true });
      assert.deepEqual([readdirSync(run.path), modeOf(run.path)], [[], 0o700]);
      assert.deepEqual(readdirSync(worker.path), [TASK]);
      const { ino } = statSync(run.path);
      deed(run.path);
      return ino;
    };
    const first = run();
    assert.deepEqual(readdirSync(worker.path), [vacant]);
    assert.equal(run(), first);
    run(fill);
    assert.deepEqual(readdirSync(worker.path), []);
    run((path) => {
      chmodSync(path, 0o755);
    });
    assert.deepEqual(readdirSync(worker.path), []);

    // Whatever somebody else does to the vacant one.
    const deeds = [
      (path: string) => {
        fill(path);
      },
      (path: string) => {
        chmodSync(path, 0o500);
      },
      (path: string) => {
        rmSync(path, { recursive: true });
      },
      (path: string) => {
        rmSync(path, { recursive: true });
        symlinkSync('/', path);
      },
    ];
    for (const deed of deeds) {
      run();
      deed(join(worker.path, vacant));
      run();
    }
  });

  test('can be made without being entered', async () => {
    await using worker = await Workplace.create();
    const home = process.cwd();
    {
      await using run = WorkingDirectory.make(worker.path, TASK);
      fill(run.path);
      assert.equal(process.cwd(), home);
    }
    assert.deepEqual(readdirSync(worker.path), []);
  });

  test('is the one that the process has for the run already, and stays', async () => {
    await using worker = await Workplace.create();
    using run = WorkingDirectory.of(worker.path, TASK);
    writeFileSync('kept', '');
    await inTask(worker, TASK, async () => {
      await using same = await WorkingDirectory.enter();
      assert.equal(same.path, run.path);
    });
    assert.equal(process.cwd(), realpathSync(run.path));
    assert.deepEqual(readdirSync(run.path), ['kept']);
  });

  test('goes with the run, not with who entered it first', async () => {
    await using worker = await Workplace.create();
    const entered = WorkingDirectory.of(worker.path, TASK);
    const ofRun = WorkingDirectory.make(worker.path, TASK);
    entered[Symbol.dispose]();
    writeFileSync(join(ofRun.path, 'kept'), '');
    ofRun[Symbol.dispose]();
    assert.deepEqual(readdirSync(worker.path), []);
  });

  test('is left for where the process was, in whatever order several are left', async () => {
    await using worker = await Workplace.create();
    const home = process.cwd();
    const first = WorkingDirectory.of(worker.path, TASK);
    const second = WorkingDirectory.of(worker.path, OTHER_TASK);
    first[Symbol.dispose]();
    assert.equal(process.cwd(), realpathSync(second.path));
    second[Symbol.dispose]();
    assert.equal(process.cwd(), home);
    assert.deepEqual(readdirSync(worker.path), []);
  });

  test('is entered by the code of a task, and by no other', async () => {
    await using worker = await Workplace.create();
    await assert.rejects(WorkingDirectory.enter(), { name: 'PulpError', code: 'OUTSIDE_TASK' });
    await inTask(worker, OTHER_TASK, async () => {
      await using run = await WorkingDirectory.enter();
      assert.equal(run.path, join(worker.path, OTHER_TASK));
      fill(run.path);
    });
    assert.deepEqual(readdirSync(worker.path), []);
  });
});

/** A folder with a root for workers and, beside it, a victim that nothing may touch. */
class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'pulp-place-'));
  readonly root = join(this.path, 'root');
  readonly victim = join(this.path, 'victim');

  /** Where a removal through a link, at any place of a way to a run's files, would find something. */
  readonly #canaries = ['', 'folder', `${TASK}/folder`, `w/${TASK}/folder`].map((folder) =>
    join(this.victim, folder),
  );

  constructor() {
    mkdirSync(this.root, { mode: 0o700 });
    for (const folder of this.#canaries) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'canary'), 'alive', { mode: 0o444 });
      chmodSync(folder, 0o755);
    }
  }

  assertVictimIntact(): void {
    for (const folder of this.#canaries) {
      assert.equal(readFileSync(join(folder, 'canary'), 'utf8'), 'alive');
      assert.equal(modeOf(join(folder, 'canary')), 0o444);
      assert.equal(modeOf(folder), 0o755);
    }
  }

  [Symbol.dispose](): void {
    spawnSync('chmod', ['-R', 'u+rwx', this.path]); // follows no links
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** While it lasts, warnings of this process are not printed: here they are many, and expected. */
class Quiet implements Disposable {
  readonly #listeners = process.listeners('warning');

  constructor() {
    process.removeAllListeners('warning');
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners) process.on('warning', listener);
  }
}

/** A worker's directory that is there. */
class Workplace extends WorkerDirectory implements AsyncDisposable {
  readonly #place: Place;

  private constructor(place: Place) {
    super('w', place.root);
    this.#place = place;
  }

  static async create(): Promise<Workplace> {
    const workplace = new Workplace(new Place());
    await workplace.create();
    return workplace;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#place[Symbol.dispose]();
    return Promise.resolve();
  }
}

/** Carries out orders in a place as another user. */
class Unprivileged {
  readonly #root: string;

  constructor(place: Place) {
    this.#root = place.root;
    chmodSync(place.path, 0o755);
    own(place.root);
  }

  async run(order: string): Promise<{ readonly warnings: readonly string[]; readonly code?: string }> {
    const child = fork(
      new URL('./worker-directory-unprivileged.ts', import.meta.url),
      [order, this.#root, TASK],
      { uid: NOBODY, gid: NOBODY, cwd: '/', execArgv: ['--no-warnings'] },
    );
    const [answer] = (await once(child, 'message')) as [{ warnings: string[]; code?: string }];
    return answer;
  }
}

function own(path: string): void {
  chownSync(path, NOBODY, NOBODY);
}

/** A small tree as a task may leave it. */
function fill(path: string): void {
  mkdirSync(join(path, 'some/folders'), { recursive: true });
  writeFileSync(join(path, 'some/folders/file'), 'text');
  writeFileSync(join(path, randomUUID()), 'text');
  chmodSync(join(path, 'some'), 0o500);
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}

function inTask(worker: WorkerDirectory, id: string, code: () => Promise<void>): Promise<void> {
  return asCurrentTask(
    {
      id,
      name: 'test',
      attempt: 1,
      correlationId: null,
      parentId: null,
      traceContext: null,
      worker: { name: 'w', directory: worker.path },
    },
    code,
  );
}
