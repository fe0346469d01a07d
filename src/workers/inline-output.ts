import { isOwnWrite, StandardError } from '../processes/standard-error.ts';
import { currentRedactor } from '../secrets/redaction.ts';
import { getCurrentTask, type CurrentTask } from '../tasks/current.ts';
import { GatheredOutput } from './gathered-output.ts';
import { wrapOutput } from './task-output.ts';

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
  const gathered = new Map<CurrentTask, GatheredOutput>();
  process.on('exit', () => {
    for (const output of gathered.values()) output.flush();
  });
  target.write = (chunk: unknown, ...rest: readonly unknown[]) => {
    const task = isOwnWrite() ? undefined : getCurrentTask();
    if (task === undefined) return write(chunk, ...rest);
    let output = gathered.get(task);
    if (output === undefined) {
      const redactor = currentRedactor();
      output = new GatheredOutput((bytes) => {
        gathered.delete(task);
        const text = bytes.toString();
        to.write(
          Buffer.from(wrapOutput(redactor?.text(text) ?? text, { worker: task.worker.name, task, stream })),
        );
      });
      gathered.set(task, output);
    }
    output.write(Buffer.from(chunk as string));
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
}
