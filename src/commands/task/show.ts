import * as Args from '@oclif/core/args';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { formatFacts } from '../../cli/table.ts';
import { errorSummary } from '../../cli/task-text.ts';

export default class Show extends DatabaseCommand {
  static override readonly summary = 'Show a task as it is now.';
  static override readonly description = 'What does not apply to it is left out; --json shows all there is.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
  ];

  static override readonly args = {
    id: Args.string({ description: 'The id of a task.', required: true, ignoreStdin: true }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(Show);
    const { TaskHandle } = await import('../../tasks/task-handle.ts');
    const task = await new TaskHandle(args.id).read();
    const written = (value: unknown) => (value === null ? undefined : JSON.stringify(value));
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
        args: written(task.args),
        kwargs: written(task.kwargs),
        resources: task.exclusive_resources.join(' ') || undefined,
        'shared resources': task.shared_resources.join(' ') || undefined,
        queue: task.queue,
        priority: task.priority || undefined,
        worker: task.worker,
        attempt: task.attempt || undefined,
        retries: task.retries || undefined,
        timeout: task.timeout_seconds === null ? undefined : `${task.timeout_seconds} s`,
        parent: task.parent_id,
        group: task.group_id,
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
