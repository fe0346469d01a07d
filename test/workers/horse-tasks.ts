import { execFileSync, spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask } from '../../src/index.ts';

/** Task types that do to their process what no task should. */

const forever = () => new Promise<never>(() => undefined);

export const pid = defineTask('horse.pid', { run: () => process.pid });

export const inline = defineTask('horse.inline', { isolation: 'inline', run: () => 'fine' });

export const exit = defineTask('horse.exit', {
  kwargs: z.object({ code: z.number() }),
  run: ({ kwargs }) => process.exit(kwargs.code),
});

/** A signal from outside, as far as its process can tell. */
export const signal = defineTask('horse.signal', {
  kwargs: z.object({ signal: z.string() }),
  run: ({ kwargs }) => {
    process.kill(process.pid, kwargs.signal);
    return forever();
  },
});

export const unhandledRejection = defineTask('horse.unhandled-rejection', {
  run: () => {
    void Promise.reject(new RangeError('nobody waits for me'));
    return forever();
  },
});

export const uncaughtException = defineTask('horse.uncaught-exception', {
  run: () => {
    setTimeout(() => {
      throw new TypeError('in a stray callback');
    }, 1);
    return forever();
  },
});

export const outOfMemory = defineTask('horse.out-of-memory', {
  run: () => {
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })));
  },
});

export const disconnect = defineTask('horse.disconnect', {
  run: () => {
    process.disconnect();
    return forever();
  },
});

export const closeFileDescriptor = defineTask('horse.close-fd', {
  kwargs: z.object({ fds: z.array(z.number()) }),
  run: ({ kwargs }) => {
    kwargs.fds.forEach(closeSync);
    return kwargs.fds.includes(3) ? forever() : process.pid;
  },
});

export const writeIntoChannel = defineTask('horse.write-into-channel', {
  run: () => {
    writeSync(3, 'no message\n');
    return forever();
  },
});

export const noJson = defineTask('horse.no-json', { run: () => ({ big: 1n }) });

/** Throws what can be read only at the price of another error. */
export const throwsTraps = defineTask('horse.throws-traps', {
  run: () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is what is tried
    throw new Proxy(
      {},
      {
        get: () => {
          throw new Error('a trap');
        },
      },
    );
  },
});

/** Resolves when `horse.patient` has begun in this process. */
const patience = Promise.withResolvers<void>();

/** Leaves a callback behind that comes when another task is running. */
export const leavesCallback = defineTask('horse.leaves-callback', {
  kwargs: z.object({ does: z.enum(['throw', 'exit']) }),
  run: ({ kwargs }) => {
    void patience.promise.then(() => {
      if (kwargs.does === 'exit') process.exit(0);
      throw new Error('too late');
    });
    return process.pid;
  },
});

export const patient = defineTask('horse.patient', {
  run: async () => {
    patience.resolve();
    await pause(50);
    return process.pid;
  },
});

export const floods = defineTask('horse.floods', {
  kwargs: z.object({ megabytes: z.number() }),
  run: async ({ kwargs, log }) => {
    const line = `${'x'.repeat(1023)}\n`;
    for (let megabyte = 0; megabyte < kwargs.megabytes; megabyte += 1) {
      for (let kilobyte = 0; kilobyte < 512; kilobyte += 1) process.stdout.write(line);
      for (let kilobyte = 0; kilobyte < 512; kilobyte += 1) log.info(line);
      await pause(0);
    }
    return 'all written';
  },
});

export const floodsProgress = defineTask('horse.floods-progress', {
  run: ({ progress }) => {
    for (let report = 0; report < 100_000; report += 1) progress({ report });
    return 'all reported';
  },
});

const SLEEPER = ['-c', 'trap "" TERM HUP; while :; do sleep 1; done'] as const;

/** Starts processes that heed no signal, one of them in a session of its own; tells their ids and its own, then is deaf. */
export const breeds = defineTask('horse.breeds', {
  kwargs: z.object({ blocks: z.boolean() }),
  run: async ({ kwargs, progress }) => {
    const env = { ...process.env, PATH: '/usr/bin:/bin' };
    const child = spawn('/bin/sh', SLEEPER, { stdio: 'inherit', env });
    const escaped = spawn('/bin/sh', SLEEPER, { stdio: 'ignore', env, detached: true });
    progress([process.pid, child.pid, escaped.pid]);
    if (kwargs.blocks) for (;;);
    await forever();
  },
});

/** Leaves a process behind that is nobody's child any more; tells its id. */
export const leavesProcess = defineTask('horse.leaves-process', {
  run: () => {
    const script = 'setsid sleep 600 >/dev/null 2>&1 & echo $!';
    return {
      horse: process.pid,
      left: Number(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })),
    };
  },
});

/** Starts a process and waits for its end. */
export const runsProgram = defineTask('horse.runs-program', {
  run: () => {
    execFileSync('/bin/sh', ['-c', 'exit 0']);
    return process.pid;
  },
});

/** Variables of its worker's service that it sees. */
export const serviceVariables = defineTask('horse.service-variables', {
  run: () => ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'].filter((name) => name in process.env),
});

/** Code inline that throws where nobody can catch it, while it runs or when it has ended. */
export const straysInline = defineTask('horse.strays.inline', {
  isolation: 'inline',
  kwargs: z.object({ how: z.enum(['throws', 'rejects']), ended: z.boolean() }),
  run: ({ kwargs, signal }) => {
    const error = new RangeError('astray');
    setTimeout(
      () => {
        if (kwargs.how === 'throws') throw error;
        void Promise.reject(error);
      },
      kwargs.ended ? 100 : 10,
    );
    if (kwargs.ended) return 'fine';
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  },
});

/** Code inline that goes on until it is told to end. */
export const waitsInline = defineTask('horse.waits.inline', {
  isolation: 'inline',
  run: ({ progress, signal }) => {
    progress('waiting');
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  },
});

/** Resolves when a task has begun in this process that takes a second. */
const fuse = Promise.withResolvers<void>();

/** Leaves something behind that ends the process in which it ran when such a task runs there. */
export const leavesBomb = defineTask('horse.leaves-bomb', {
  run: () => {
    void fuse.promise.then(() => setTimeout(() => process.exit(3), 50));
    return process.pid;
  },
});

const takesASecond = async () => {
  fuse.resolve();
  await pause(1000);
  return process.pid;
};
export const repeatable = defineTask('horse.repeatable', { onWorkerStop: 'requeue', run: takesASecond });
export const unrepeatable = defineTask('horse.unrepeatable', { run: takesASecond });
