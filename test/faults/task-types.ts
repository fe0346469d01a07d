import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask, getCurrentWorker, type TaskContext } from '../../src/index.ts';
import type { Isolation, OnWorkerLoss } from '../../src/tasks/define-task.ts';
import { RunJournal } from './run-journal.ts';

/** Task types that the fault tests load workers with. Each run keeps its journal. */

const work = z.object({
  /** How long it takes. */
  ms: z.number(),
  exclusive: z.array(z.string()).default([]),
  shared: z.array(z.string()).default([]),
});

type Work = z.output<typeof work>;

function journalOf({ id, attempt, kwargs }: TaskContext<unknown, Work>): RunJournal {
  const { exclusive, shared } = kwargs;
  return new RunJournal({ task: id, attempt, worker: getCurrentWorker()?.name ?? '', exclusive, shared });
}

function working(name: string, isolation: Isolation, onWorkerLoss: OnWorkerLoss) {
  return defineTask(name, {
    kwargs: work,
    isolation,
    onWorkerLoss,
    run: async (context) => {
      using _ = journalOf(context);
      await pause(context.kwargs.ms, undefined, { signal: context.signal });
      return { attempt: context.attempt };
    },
  });
}

export const horseCanceled = working('faults.horse.cancel', 'horse', 'cancel');
export const horseRetried = working('faults.horse.retry', 'horse', 'retry');
export const horseFailed = working('faults.horse.fail', 'horse', 'fail');
export const inlineCanceled = working('faults.inline.cancel', 'inline', 'cancel');
export const inlineRetried = working('faults.inline.retry', 'inline', 'retry');
export const inlineFailed = working('faults.inline.fail', 'inline', 'fail');

/** Blocks its process all the time that it takes: no event of the worker's end can reach its code. */
export const deaf = defineTask('faults.deaf', {
  kwargs: work,
  onWorkerLoss: 'retry',
  run: (context) => {
    using journal = journalOf(context);
    const blocked = new Int32Array(new SharedArrayBuffer(4));
    for (let ms = 0; ms < context.kwargs.ms; ms += 10) {
      Atomics.wait(blocked, 0, 0, 10);
      journal.tick();
    }
    return { attempt: context.attempt };
  },
});

/** Ignores all that could end it, in a busy loop, and has a child that left its process group and session. */
export const ignorant = defineTask('faults.ignorant', {
  run: ({ progress }) => {
    process.on('SIGTERM', () => undefined).on('SIGINT', () => undefined);
    const grandchild = spawn('sh', ['-c', 'trap "" TERM INT HUP; while :; do sleep 1; done'], {
      detached: true,
      stdio: 'ignore',
    });
    progress({ horse: process.pid, grandchild: grandchild.pid });
    setTimeout(() => {
      for (;;);
    }, 20);
    return new Promise(() => undefined);
  },
});
