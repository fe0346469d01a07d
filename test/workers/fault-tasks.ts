import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask, type TaskContext } from '../../src/index.ts';

/** Task types that note that they began before they do anything else, and then do all that can go wrong in a horse. */

/** What ends their process, sooner or later. */
export const DEADLY = ['exit', 'kill', 'segfault', 'throw astray', 'reject', 'fill the heap'] as const;

/** What does not end by itself. */
export const ENDLESS = ['hang', 'hang and block', 'stop the process'] as const;

export const HARMLESS = [
  'return',
  'throw',
  'wait',
  'block',
  'return much',
  'run a program',
  'leave a program',
  'leave a throw',
  'leave a block',
] as const;

/** Ends the process, when another may be running in it. */
export const TREACHEROUS = ['leave an exit'] as const;

const kwargs = z.object({
  journal: z.string(),
  does: z.enum([...HARMLESS, ...DEADLY, ...ENDLESS, ...TREACHEROUS]),
  /** For how long it waits or blocks, or how much later comes what it leaves, in milliseconds. */
  ms: z.number(),
});

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function run({
  id,
  attempt,
  signal,
  kwargs: { journal, does, ms },
}: TaskContext<unknown, z.infer<typeof kwargs>>): Promise<unknown> {
  appendFileSync(journal, `${id} ${attempt} ${process.pid}\n`);
  switch (does) {
    case 'return':
      break;
    case 'throw':
      throw new Error('thrown');
    case 'wait':
      await pause(ms, undefined, { signal });
      break;
    case 'block':
      block(ms);
      break;
    case 'return much':
      return 'x'.repeat(900_000);
    case 'run a program':
      execFileSync('/bin/sh', ['-c', 'exit 0']);
      break;
    case 'leave a program':
      spawn('/bin/sleep', ['60'], { stdio: 'ignore', detached: true }).unref();
      break;
    case 'leave a throw':
      setTimeout(() => {
        throw new Error('left');
      }, ms);
      break;
    case 'leave a block':
      setTimeout(() => {
        block(50);
      }, ms);
      break;
    case 'leave an exit':
      setTimeout(() => process.exit(9), ms);
      break;
    case 'exit':
      return process.exit(7);
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return forever();
    case 'segfault':
      process.kill(process.pid, 'SIGSEGV');
      return forever();
    case 'throw astray':
      setTimeout(() => {
        throw new Error('astray');
      });
      return forever();
    case 'reject':
      void Promise.reject(new Error('not handled'));
      return forever();
    case 'fill the heap': {
      const hoard: unknown[] = [];
      for (;;) hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })));
    }
    case 'hang':
      return forever();
    case 'hang and block':
      for (;;);
    case 'stop the process':
      process.kill(process.pid, 'SIGSTOP');
      return forever();
  }
  return id;
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}

export const canceledByStop = defineTask('faults.canceled', { kwargs, onWorkerStop: 'cancel', run });
export const requeuedByStop = defineTask('faults.requeued', { kwargs, onWorkerStop: 'requeue', run });
