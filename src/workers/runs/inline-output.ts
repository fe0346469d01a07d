import { isOwnWrite, StandardError } from '../../processes/standard-error.ts';
import { getCurrentTask, type CurrentTask } from '../../tasks/current.ts';
import { WholeLines } from '../horses/horse-output.ts';
import { wrapOutput } from './task-output.ts';

/** For how long the beginning of a line waits for the rest, in milliseconds. */
const HOLD_MS = 200;

let isWrapped = false;

/**
 * From now on, what the code of tasks in this process writes by way of `process` and `console` goes to stderr in lines that say
 * whose it is, as that of tasks in processes of their own does. What others write is left as it is. To be called before anything
 * else looks into what is written: secrets have to be taken out of it first.
 */
export function wrapInlineOutput(): void {
  if (isWrapped) return;
  isWrapped = true;
  const write = process.stderr.write.bind(process.stderr);
  const standardError = new StandardError(
    () => undefined,
    (output) => write(output),
  );
  for (const stream of ['stdout', 'stderr'] as const) wrap(stream, standardError);
}

function wrap(stream: 'stdout' | 'stderr', to: StandardError): void {
  const target = process[stream];
  const write = target.write.bind(target) as (...args: readonly unknown[]) => boolean;
  /** Of the tasks that have just written something. */
  const outputs = new Map<CurrentTask, WholeLines>();
  process.on('exit', () => {
    for (const lines of outputs.values()) lines.end();
  });
  target.write = (chunk: unknown, ...rest: readonly unknown[]) => {
    const task = isOwnWrite() ? undefined : getCurrentTask();
    if (task === undefined) return write(chunk, ...rest);
    let lines = outputs.get(task);
    if (lines === undefined) {
      const own = new WholeLines((bytes) => {
        to.write(Buffer.from(wrapOutput(bytes.toString(), { worker: task.worker.name, task, stream })));
      });
      lines = own;
      outputs.set(task, lines);
      setTimeout(() => {
        outputs.delete(task);
        own.end();
      }, HOLD_MS).unref();
    }
    lines.write(Buffer.from(chunk as string));
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
}
