import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask, enqueueWithReservation, getCurrentTask, getCurrentWorker } from '../../src/index.ts';

/** Task types that the tests of workers run, each in the two isolations where that matters. */

const number = z.object({ number: z.number() });

export const double = defineTask('test.double', {
  kwargs: number,
  run: ({ kwargs }) => ({ doubled: kwargs.number * 2 }),
});

export const doubleInline = defineTask('test.double.inline', {
  kwargs: number,
  isolation: 'inline',
  run: ({ kwargs }) => Promise.resolve({ doubled: kwargs.number * 2 }),
});

export const whereAmI = defineTask('test.where-am-i', {
  run: async ({ workingDirectory }) => {
    await writeFile('left-behind', 'in the current directory');
    return {
      cwd: process.cwd(),
      workingDirectory,
      task: getCurrentTask()?.id,
      worker: getCurrentWorker()?.name,
      pid: process.pid,
    };
  },
});

const kept: Buffer[] = [];

export const keeps = defineTask('test.keeps', {
  kwargs: z.object({ bytes: z.number() }),
  run: ({ kwargs }) => {
    kept.push(Buffer.alloc(kwargs.bytes, 1));
    return process.pid;
  },
});

export const fail = defineTask('test.fail', {
  run: () => {
    throw new RangeError('out of range', { cause: new Error('the deeper reason') });
  },
});

export const failUntil = defineTask('test.fail-until', {
  kwargs: z.object({ attempt: z.number() }),
  isolation: 'inline',
  run: ({ attempt, kwargs }) => {
    if (attempt < kwargs.attempt) throw new Error(`attempt ${attempt} fails`);
    return attempt;
  },
});

export const badResult = defineTask('test.bad-result', { isolation: 'inline', run: () => ({ size: NaN }) });

export const exit = defineTask('test.exit', { run: () => process.exit(7) });

export const untilAborted = defineTask('test.until-aborted', {
  run: async ({ signal, progress }) => {
    progress({ message: 'waiting' });
    await pause(60_000, undefined, { signal });
  },
});

/** Blocks the event loop: neither the signal nor SIGTERM's handler gets through. */
export const stubborn = defineTask('test.stubborn', {
  run: ({ progress }) => {
    progress('deaf from now on');
    setTimeout(() => {
      for (;;);
    }, 50);
    return new Promise(() => undefined);
  },
});

export const spawns = defineTask('test.spawns', {
  run: async () => {
    const child = await enqueueWithReservation(doubleInline, [], { kwargs: { number: 4 } });
    return child.id;
  },
});

export const hold = defineTask('test.hold', {
  kwargs: z.object({ ms: z.number() }),
  isolation: 'inline',
  run: async ({ kwargs }) => {
    await pause(kwargs.ms);
  },
});

/** Reports faster than reports are passed on, and ends with the last one. */
const reportThrice = async ({ progress }: { progress: (report: unknown) => void }) => {
  progress('first');
  progress('second');
  await pause(1);
  progress('last');
};

export const reports = defineTask('test.reports', { run: reportThrice });

export const reportsInline = defineTask('test.reports.inline', { isolation: 'inline', run: reportThrice });

/** Goes on whatever its signal says. */
export const deafInline = defineTask('test.deaf-inline', {
  isolation: 'inline',
  onWorkerLoss: 'retry',
  run: async ({ progress }) => {
    progress('deaf');
    await pause(60_000, undefined, { ref: false });
  },
});

/** Holds up the event loop of its worker. */
export const block = defineTask('test.block', {
  kwargs: z.object({ ms: z.number() }),
  isolation: 'inline',
  run: ({ kwargs }) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, kwargs.ms);
  },
});

/** In its first run it makes the file and goes on until it is told to end; in a later one it gives its attempt. */
export const requeued = defineTask('test.requeued', {
  kwargs: z.object({ file: z.string() }),
  onWorkerStop: 'requeue',
  run: async ({ kwargs, progress, signal, attempt }) => {
    if (existsSync(kwargs.file)) return attempt;
    await writeFile(kwargs.file, '');
    progress('goes on');
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    throw signal.reason;
  },
});
