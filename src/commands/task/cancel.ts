import { ActingCommand, actingArgs, actingFlags } from '../../cli/acting-command.ts';
import { prose } from '../../cli/prose.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';
import { TASK_STATES } from '../../constants.ts';

export default class Cancel extends ActingCommand {
  static override readonly summary = 'Cancel tasks.';
  static override readonly description = prose(`
Prints the state of each task after it. One that waits is canceled at once. One that runs is canceling: its code is told to
end, and killed if it does not. One that is over stays as it is. Tasks that it enqueued are not touched.
Exits with 3 if there is no task of one of the ids; the others are canceled all the same.

With filters, all that match and are not over are canceled, a thousand at a time, after a question. If it is broken off, run it again.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
    `<%= config.bin %> <%= command.id %> --name repo.sync --state waiting --reason 'no longer needed'`,
  ];

  static override readonly args = actingArgs;

  static override readonly flags = {
    ...actingFlags,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Cancel);
    return this.carryOut({
      ids: args.id ?? [],
      flags,
      act: { verb: 'cancel', reason: flags.reason },
      words: { verb: 'Cancel', done: 'canceled' },
      wanted: TASK_STATES, // what is over needs no cancel
    });
  }
}
