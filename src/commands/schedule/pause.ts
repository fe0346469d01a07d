import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';

export default class Pause extends DatabaseCommand {
  static override readonly summary = 'Keep a schedule from enqueueing until it is resumed.';
  static override readonly description =
    'What would have come meanwhile is skipped, and told in its history. Its tasks that are there already go on.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> nightly --reason "the mirror is moved"',
  ];

  static override readonly args = {
    name: Args.string({ description: 'Its name.', required: true, ignoreStdin: true }),
  };

  static override readonly flags = {
    actor: actorFlag,
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Why, for the record.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Pause);
    const { pauseSchedule } = await import('../../tasks/scheduling.ts');
    await pauseSchedule(args.name, flags.reason);
    this.log(`${args.name} is paused`);
    return args;
  }
}
