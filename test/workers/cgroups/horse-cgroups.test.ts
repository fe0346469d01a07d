import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import test, { suite } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cgroupsAreMissing, freezer, TestCgroup } from '../../support/cgroups.ts';
import { isAlive } from '../../support/is-alive.ts';
import { until } from '../../support/until.ts';
import * as tasks from './limit-tasks.ts';
import { resultOf, TestPool } from './pool.ts';

const POOL_PROCESS = fileURLToPath(new URL('./pool-process.ts', import.meta.url));

const NOBODY = 65_534;

interface Placed {
  readonly pid: number;
  readonly cgroup: string;
}

interface Escape {
  readonly horse: number;
  readonly escaped: number;
}

suite('a horse with a cgroup of its own', { skip: cgroupsAreMissing() }, () => {
  test('is in it before its code begins, alone, and the group goes with it', async () => {
    await using given = TestCgroup.make();
    await using pool = await TestPool.make(given.path);
    const runs = [pool.start(tasks.whereSlowly), pool.start(tasks.whereSlowly)];
    const placed = (await Promise.all(runs.map(({ ended }) => ended))).map((end) => resultOf(end) as Placed);
    for (const { cgroup, pid } of placed) {
      const name = cgroup.split('/').at(-1) ?? '';
      assert.match(name, /^pulp-horse\./);
      assert.deepEqual(given.cgroup.within(name).processes(), [pid]);
    }
    assert.equal(new Set(placed.map(({ cgroup }) => cgroup)).size, 2);
    pool.pool.kill();
    await until(() => given.horses.length === 0);
  });

  test('is over when what escaped it is gone, though nothing but the group ties it to that', async () => {
    await using given = TestCgroup.make();
    await using pool = await TestPool.make(given.path);
    const run = pool.start(tasks.escapes, { stays: true });
    const { escaped = 0, horse = 0 } = await run.progress;
    assert.ok(isAlive(escaped));
    run.kill();
    await run.ended;
    assert.deepEqual([horse, escaped].filter(isAlive), []);

    const left = (await pool.result(tasks.escapes, { stays: false })) as Escape;
    assert.deepEqual([left.horse, left.escaped].filter(isAlive), [], 'also if its code returned');
    await until(() => given.horses.length === 0);
  });

  test('leaves a group that the next worker clears, and no other worker touches', async () => {
    await using given = TestCgroup.make();
    const [dying, living] = await Promise.all([poolProcess(given.path), poolProcess(given.path)]);
    using _ = living;
    dying.process.kill('SIGKILL');
    await until(() => !isAlive(dying.said.horse));
    assert.ok(isAlive(dying.said.escaped), 'else there is nothing to clear');
    await using pool = await TestPool.make(given.path);
    await until(() => !isAlive(dying.said.escaped));
    const living_ = [living.said.horse, living.said.escaped, living.said.placed.pid];
    await until(() => given.horses.length === 1);
    assert.deepEqual(living_.filter(isAlive), living_);
    await until(() => pool.log.some(({ msg }) => msg === 'cgroups of horses of dead workers were removed'));
  });
});

suite('a worker takes the cgroup it is in for its own', { skip: cgroupsAreMissing() }, () => {
  const ways = [
    {
      way: 'if it is the top of what its container shows it',
      start: (given: TestCgroup, file: string) => {
        const inside = `umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$0" "$@"`;
        return enter(given, [
          'unshare',
          '--cgroup',
          '--mount',
          '/bin/sh',
          '-c',
          inside,
          process.execPath,
          file,
        ]);
      },
    },
    {
      way: 'if it was handed to its user, as systemd does for Delegate=yes',
      start: (given: TestCgroup, file: string) => {
        for (const name of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'])
          chownSync(join(given.path, name), NOBODY, NOBODY);
        const asNobody = ['setpriv', '--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups'];
        return enter(given, [...asNobody, process.execPath, file]);
      },
    },
  ];
  for (const { way, start } of ways) {
    test(way, async () => {
      await using given = TestCgroup.make();
      using worker = await said(start(given, POOL_PROCESS));
      const { own, placed } = worker.said;
      const base = own.replace(/\/main$/, '');
      assert.equal(own, `${base}/main`, 'it went into a leaf');
      assert.ok(placed.cgroup.startsWith(`${base}/pulp-horse.`), placed.cgroup);
      assert.deepEqual(
        given.cgroup.read('cgroup.procs'),
        '',
        'nothing is left at the top: controllers can be had',
      );
    });
  }

  test('and not if nobody gave it to it', async () => {
    await using given = TestCgroup.make();
    using worker = await said(enter(given, [process.execPath, POOL_PROCESS]));
    assert.equal(worker.said.placed.cgroup, worker.said.own);
    assert.deepEqual(given.cgroup.children(), []);
  });
});

suite('without cgroups', () => {
  test('a type with limits runs, in a warm horse, and it is told once that its limits are not enforced', async () => {
    await using pool = await TestPool.make(undefined);
    const first = (await pool.result(tasks.whereLimited)) as Placed;
    const second = (await pool.result(tasks.whereLimited)) as Placed;
    assert.equal(second.pid, first.pid);
    const told = pool.log.filter(({ msg }) => msg === 'limits of task types are not enforced here');
    assert.deepEqual(
      told.map(({ unenforced, reason }) => ({ unenforced, reason })),
      [{ unenforced: ['memory', 'cpu', 'processes'], reason: 'PULP_CGROUP=none' }],
    );
  });

  test('so it does where what was named for them is no cgroup', async () => {
    await using pool = await TestPool.make('/tmp');
    await pool.result(tasks.whereLimited);
    const told = pool.log.find(({ msg }) => msg === 'limits of task types are not enforced here');
    assert.equal(told?.['reason'], 'PULP_CGROUP: /tmp is no directory of cgroup v2');
  });
});

test('a horse of whose end its worker hears late is not told of as one that cannot be killed', async () => {
  let told = 0;
  await using pool = await TestPool.make(undefined, { tellingMs: [50], onUnkillable: () => (told += 1) });
  const run = pool.start(tasks.waits);
  await run.progress;
  run.kill();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); // this process does nothing meanwhile
  await run.ended;
  assert.equal(told, 0);
});

suite(
  'a horse that cannot be killed',
  { skip: freezer() === undefined && 'needs the freezer of cgroup v1' },
  () => {
    test('is told of with its process and state, ever less often; its run has not ended, and others run', async () => {
      using ice = new Ice();
      const told: { readonly at: number; readonly task: string | undefined; readonly states: unknown }[] = [];
      const tellingMs = [200, 400];
      await using pool = await TestPool.make(undefined, {
        tellingMs,
        onUnkillable: ({ task, processes }) => {
          told.push({ at: performance.now(), task: task?.id, states: processes });
        },
      });
      const run = pool.start(tasks.waits);
      const { pid = 0 } = await run.progress;
      ice.freeze(pid);
      await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') D '));
      let hasEnded = false;
      void run.ended.then(() => (hasEnded = true));
      run.kill();
      const killedAt = performance.now();
      await until(() => told.length === 3);
      assert.deepEqual(
        told.map(({ task, states }) => ({ task, states })),
        Array.from({ length: 3 }, () => ({ task: run.id, states: [{ pid, state: 'D' }] })),
      );
      assert.ok((told[2]?.at ?? 0) - killedAt >= 1000, 'the pauses grow, and the last one repeats');
      const line = pool.log.find(({ msg }) => msg.startsWith('processes of a task do not die'));
      assert.deepEqual([line?.['task'], line?.['processes']], [run.id, [{ pid, state: 'D' }]]);
      assert.deepEqual(
        pool.pool.unkillable.map(({ task, processes }) => ({ task: task?.id, processes })),
        [{ task: run.id, processes: [{ pid, state: 'D' }] }],
      );
      assert.notEqual(((await pool.result(tasks.where)) as Placed).pid, pid, 'others go on');
      assert.equal(hasEnded, false);

      ice.thaw();
      await run.ended;
      assert.equal(isAlive(pid), false);
      assert.deepEqual(pool.pool.unkillable, []);
    });

    test('is told of also if it is only something that it started', async () => {
      using ice = new Ice();
      const told: number[] = [];
      await using pool = await TestPool.make(undefined, {
        tellingMs: [200],
        onUnkillable: ({ processes }) => told.push(...processes.map(({ pid }) => pid)),
      });
      const run = pool.start(tasks.startsChild);
      const { child = 0 } = await run.progress;
      ice.freeze(child);
      let hasEnded = false;
      void run.ended.then(() => (hasEnded = true));
      run.kill();
      await until(() => told.includes(child));
      assert.equal(hasEnded, false, 'what the run holds may still be in use');
      ice.thaw();
      await run.ended;
      assert.equal(isAlive(child), false);
    });
  },
);

/** A group of the freezer of cgroup v1: what is frozen in there does not even die of SIGKILL. */
class Ice implements Disposable {
  static #made = 0;
  readonly #path = join(freezer() ?? '', `pulp-test-${process.pid}-${(Ice.#made += 1)}`);

  constructor() {
    mkdirSync(this.#path);
  }

  freeze(pid: number): void {
    writeFileSync(join(this.#path, 'cgroup.procs'), String(pid));
    writeFileSync(join(this.#path, 'freezer.state'), 'FROZEN');
  }

  thaw(): void {
    writeFileSync(join(this.#path, 'freezer.state'), 'THAWED');
  }

  [Symbol.dispose](): void {
    this.thaw();
    for (const pid of readFileSync(join(this.#path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
      writeFileSync(join(freezer() ?? '', 'cgroup.procs'), pid);
    rmdirSync(this.#path);
  }
}

interface Said extends Escape {
  readonly own: string;
  readonly placed: Placed;
}

interface PoolProcess extends Disposable {
  readonly process: ChildProcess;
  readonly said: Said;
}

function poolProcess(cgroup: string): Promise<PoolProcess> {
  return said(spawn(process.execPath, [POOL_PROCESS, cgroup], { stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** Starts a command that is in a group from its beginning. */
function enter(given: TestCgroup, command: readonly string[]): ChildProcess {
  const args = ['-c', 'echo 0 >"$0"; exec "$@"', given.cgroup.procsFile, ...command];
  const { PULP_CGROUP: _, ...env } = process.env;
  return spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', 'inherit'], env });
}

async function said(child: ChildProcess): Promise<PoolProcess> {
  assert.ok(child.stdout !== null);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    process: child,
    said: JSON.parse(line) as Said,
    [Symbol.dispose]: () => {
      child.kill('SIGKILL');
    },
  };
}
