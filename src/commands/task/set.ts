import * as Flags from '@oclif/core/flags';
import { ActingCommand, actingArgs, actingFlags } from '../../cli/acting-command.ts';
import { prose } from '../../cli/prose.ts';
import { MOST_PRIORITY } from '../../constants.ts';
import { PulpError } from '../../errors.ts';

export default class Set extends ActingCommand {
  static override readonly summary = 'Give waiting tasks another priority or queue.';
  static override readonly description = prose(`
Prints the state of each task after it. One that runs or is over stays as it is (exit code 1). The order in which tasks have a resource is not changed.
Exits with 3 if there is no task of one of the ids; the others are changed all the same.

With filters, all that match and wait are changed, a thousand at a time, after a question. --queue is the filter here; the new queue
is --to-queue.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a --priority 10',
    `<%= config.bin %> <%= command.id %> --queue slow --name repo.sync --to-queue default`,
  ];

  static override readonly args = actingArgs;

  static override readonly flags = {
    ...actingFlags,
    priority: Flags.integer({
      helpValue: 'N',
      summary: 'Higher is delivered first, among tasks that share no resource.',
      min: -MOST_PRIORITY,
      max: MOST_PRIORITY,
    }),
    'to-queue': Flags.string({ helpValue: 'NAME', summary: 'The queue that is to deliver them.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Set);
    const { priority, 'to-queue': queue } = flags;
    if (priority === undefined && queue === undefined) {
      throw new PulpError('BAD_USAGE', 'say what to change', {
        remedy: 'Give --priority, --to-queue or both.',
        exitCode: 2,
      });
    }
    return this.carryOut({
      ids: args.id ?? [],
      flags,
      act: { verb: 'set', priority, queue },
      words: { verb: 'Change', done: 'changed' },
      wanted: ['waiting'],
    });
  }
}
