import { ActingCommand, actingArgs, actingFlags } from '../../cli/acting-command.ts';
import { prose } from '../../cli/prose.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';

export default class Retry extends ActingCommand {
  static override readonly summary = 'Run tasks again that failed or were canceled.';
  static override readonly description = prose(`
Prints the state of each task after it. A task goes on in its own history, at the end of the lines of its resources; its attempts
count on. One that waits or runs stays as it is, and so does one that completed (exit code 1): enqueue another one like it instead.
Exits with 3 if there is no task of one of the ids; the others are run again all the same.

With filters, all that match and failed, were canceled or skipped are run again, a thousand at a time, after a question. If it
is broken off, run it again.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
    `<%= config.bin %> <%= command.id %> --state failed --error-code ECONNREFUSED --finished-after 2h --dry-run`,
  ];

  static override readonly args = actingArgs;

  static override readonly flags = {
    ...actingFlags,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Retry);
    return this.carryOut({
      ids: args.id ?? [],
      flags,
      act: { verb: 'retry', reason: flags.reason },
      words: { verb: 'Retry', done: 'run again' },
      wanted: ['waiting', 'running'],
    });
  }
}
