import { execFileSync, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask } from '../../../src/index.ts';

/** Task types for horses with cgroups and limits. */

const forever = () => new Promise<never>(() => undefined);

const MEBIBYTE = 1024 ** 2;

/** In which cgroup v2 it is. */
const ownCgroup = () => /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];

export const where = defineTask('limit.where', { run: () => ({ pid: process.pid, cgroup: ownCgroup() }) });

export const whereAlone = defineTask('limit.where-alone', {
  isolation: 'process',
  run: () => ({ pid: process.pid }),
});

/** Takes so long that another, beside it, gets a horse of its own. */
export const whereSlowly = defineTask('limit.where-slowly', {
  run: async () => {
    await pause(1000);
    return { pid: process.pid, cgroup: ownCgroup() };
  },
});

export const whereLimited = defineTask('limit.where-limited', {
  limits: { memory: '512M', cpu: 0.5, processes: 8 },
  run: () => ({
    pid: process.pid,
    cgroup: ownCgroup(),
    heap: getHeapStatistics().heap_size_limit / MEBIBYTE,
    cores: availableParallelism(),
  }),
});

/** Starts a process that nothing but its cgroup ties to us: of no kin, session or environment. Tells its id. */
export const escapes = defineTask('limit.escapes', {
  kwargs: z.object({ stays: z.boolean() }),
  run: ({ kwargs, progress }) => {
    const script = 'setsid env -i /bin/sh -c "sleep 600 >/dev/null 2>&1 & echo \\$!"';
    const escaped = Number(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }));
    progress({ horse: process.pid, escaped });
    return kwargs.stays ? forever() : { horse: process.pid, escaped };
  },
});

/** Takes memory outside of the heap, without end. */
function eat(): never {
  const hoard: Buffer[] = [];
  for (;;) hoard.push(Buffer.alloc(8 * MEBIBYTE, 1));
}

export const eats = defineTask('limit.eats', { limits: { memory: '160M' }, run: eat });

export const eatsUnlimited = defineTask('limit.eats-unlimited', { run: eat });

/** Has a child take memory, and lives on if it may. */
export const childEats = defineTask('limit.child-eats', {
  limits: { memory: '160M' },
  run: async () => {
    const script = 'const hoard = []; for (;;) hoard.push(Buffer.alloc(8 << 20, 1))';
    const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('exit', resolve));
    return 'still here';
  },
});

/** Starts processes until it is refused one, and fails with how many it got. */
export const breedsOn = defineTask('limit.breeds-on', {
  limits: { processes: 16 },
  run: async () => {
    let started = 0;
    for (; started < 200; started += 1) {
      const child = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
      const isRefused = await new Promise<boolean>((resolve) => {
        child.once('spawn', () => {
          resolve(false);
        });
        child.once('error', () => {
          resolve(true);
        });
      });
      if (isRefused) throw new Error(String(started));
    }
  },
});

/** Works for a second of processor time; tells how many milliseconds it took by the clock. */
export const works = defineTask('limit.works', {
  limits: { cpu: 0.25 },
  run: () => {
    const startedAt = performance.now();
    const before = process.cpuUsage();
    for (;;) {
      const { user, system } = process.cpuUsage(before);
      if (user + system >= 1_000_000) return performance.now() - startedAt;
    }
  },
});

export const waits = defineTask('limit.waits', {
  run: ({ progress }) => {
    progress({ pid: process.pid });
    return forever();
  },
});

/** Starts a process in a session of its own; tells its id. */
export const startsChild = defineTask('limit.starts-child', {
  run: ({ progress }) => {
    const child = spawn('/bin/sleep', ['600'], { stdio: 'ignore', detached: true });
    progress({ pid: process.pid, child: child.pid });
    return forever();
  },
});
