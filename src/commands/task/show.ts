import * as Args from '@oclif/core/args';
import { asOfFlag } from '../../cli/as-of-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { parseMoment } from '../../cli/moment.ts';
import { prose } from '../../cli/prose.ts';
import { formatFacts } from '../../cli/table.ts';
import { reportText } from '../../cli/report-text.ts';
import { errorSummary } from '../../cli/task-text.ts';
import type { Task } from '../../queries/task.ts';

export default class Show extends DatabaseCommand {
  static override readonly summary = 'Show a task as it is, or as it was.';
  static override readonly description = prose(`
What does not apply to it is left out; --json shows all there is.

With --as-of, it is told from the events that had been recorded by then. A task that was purged since
is shown as long as its events are kept; what was archived with them is gone.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a --as-of 10m',
  ];

  static override readonly args = {
    id: Args.string({ description: 'The id of a task.', required: true, ignoreStdin: true }),
  };

  static override readonly flags = {
    'as-of': asOfFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Show);
    const asOf = flags['as-of'];
    const at = asOf === undefined ? undefined : parseMoment(asOf, '--as-of');
    const { TaskHandle } = await import('../../tasks/task-handle.ts');
    const { readTaskAt } = await import('../../queries/task.ts');
    const { unseenError } = await import('../../queries/time-travel.ts');
    const { withoutEnvelopes } = await import('../../secrets/arguments.ts');
    const past = at && (await readTaskAt(args.id, at));
    const task = past ?? (await new TaskHandle(args.id).read());
    if (at !== undefined && past === undefined) throw unseenError(task, at);
    const written = (value: unknown) =>
      value === null ? undefined : JSON.stringify(withoutEnvelopes(value));
    const time = (value: Date | null) => value?.toISOString();
    this.log(
      formatFacts({
        id: task.id,
        name: task.name,
        state: task.state,
        'canceled because': task.cancel_reason,
        error: task.error === null ? undefined : errorSummary(task.error),
        result: written(task.result),
        progress: written(task.progress),
        reports: task.reported?.reports?.map(reportText).join('; '),
        created: task.reported?.created?.join(' '),
        args: written(task.args),
        kwargs: written(task.kwargs),
        resources: task.exclusive_resources.join(' ') || undefined,
        'shared resources': task.shared_resources.join(' ') || undefined,
        units: written(task.options?.['units'] ?? null),
        queue: task.queue,
        priority: task.priority || undefined,
        worker: task.worker,
        attempt: task.attempt || undefined,
        retries: task.retries || undefined,
        interruptions: task.interruptions === 0 ? undefined : `${task.interruptions} in a row`,
        timeout: task.timeout_seconds === null ? undefined : `${task.timeout_seconds} s`,
        parent: task.parent_id,
        group: task.group_id,
        after: afterText(task),
        'unique key': task.unique_key,
        correlation: task.correlation_id === task.id ? undefined : task.correlation_id,
        enqueued: time(task.enqueued_at),
        'not before': time(task.run_after),
        unblocked: time(task.unblocked_at),
        started: time(task.started_at),
        finished: time(task.finished_at),
      }),
    );
    return task;
  }
}

/** Which tasks it comes after. */
function afterText({ options }: Task): string | undefined {
  const { after, on } = (options ?? {}) as { readonly after?: readonly string[]; readonly on?: string };
  return after && `${after.join(' ')}${on === 'finish' ? ', however they end' : ''}`;
}
