import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask, getCurrentTask } from '../../src/index.ts';

/** Task types for tests of the line in which tasks wait behind each other in a horse. */

export const DOINGS = ['return', 'throw', 'wait', 'block', 'exit', 'die', 'hang'] as const;

const kwargs = z.object({
  /** Where each run notes that its code ran: its task's id and what it saw of itself, a line each. */
  journal: z.string(),
  does: z.enum(DOINGS).default('return'),
  /** For how long it waits or blocks, in milliseconds. */
  ms: z.number().default(0),
});

/** Notes that it runs and does what it is told. Of one type: what a run will do cannot be told by those before. */
export const any = defineTask('line.any', {
  kwargs,
  run: async ({ id, kwargs: { journal, does, ms }, progress, signal, workingDirectory }) => {
    appendFileSync(journal, `${id} ${String(getCurrentTask()?.id)} ${process.cwd()} ${workingDirectory}\n`);
    const begunAt = Date.now();
    progress({ id });
    process.stderr.write(`${id} was here\n`);
    if (does === 'throw') throw new Error(`thrown by ${id}`);
    if (does === 'exit') process.exit(7);
    if (does === 'die') process.kill(process.pid, 'SIGKILL');
    if (does === 'wait') await pause(ms, undefined, { signal });
    if (does === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    if (does === 'hang' || does === 'die') await new Promise(() => undefined);
    return { id, pid: process.pid, begunAt, endedAt: Date.now() };
  },
});

export const alone = defineTask('line.alone', { isolation: 'process', run: () => ({ pid: process.pid }) });
