import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { parseDuration } from '../../duration.ts';
import { prose } from '../../cli/prose.ts';
import { errorReport, errorText } from '../../cli/report-error.ts';
import { WaitingCommand } from '../../cli/waiting-command.ts';
import { isFinal } from '../../constants.ts';
import { PulpError } from '../../errors.ts';

export default class Wait extends WaitingCommand {
  static override readonly summary = 'Wait until tasks are over.';
  static override readonly description = prose(`
Prints the state of each task when it is over. Exits with 0 if all completed, with 1 if one did not or the time is up,
with 3 if there is no task of one of the ids.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a --timeout 10m',
    '<%= config.bin %> <%= command.id %> $(<%= config.bin %> task enqueue --from tasks.ndjson)',
  ];

  static override readonly args = {
    id: Args.string({ description: 'Ids of tasks.', required: true, multiple: true, ignoreStdin: true }),
  };

  static override readonly flags = {
    timeout: Flags.string({ helpValue: '10m', summary: 'How long to wait at most. Default: without limit.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Wait);
    const timeout = flags.timeout === undefined ? {} : { timeout: parseDuration(flags.timeout, '--timeout') };
    const { readTask } = await import('../../queries/task.ts');
    const tasks = await Promise.all(args.id.map(readTask));
    if (tasks.some((task) => task !== undefined && !isFinal(task.state))) await this.noticeIfNobodyWorks();
    return Promise.all(args.id.map((id) => this.#wait(id, timeout)));
  }

  async #wait(id: string, limit: { timeout?: number }): Promise<unknown> {
    const { TaskHandle } = await import('../../tasks/task-handle.ts');
    try {
      const task = await new TaskHandle(id).wait(limit);
      this.log(`${id} ${task.state}`);
      this.reportFailure(task);
      return task;
    } catch (error) {
      if (!(error instanceof PulpError && ['MISSING_RESOURCE', 'WAIT_TIMEOUT'].includes(error.code)))
        throw error;
      this.logToStderr(errorText(error));
      this.exitWith(error.exitCode);
      return { id, error: errorReport(error) };
    }
  }
}
