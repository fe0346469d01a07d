import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';
import { scheduleArgs } from '../../cli/schedule-args.ts';

export default class Pause extends DatabaseCommand {
  static override readonly summary = 'Keep a schedule from enqueueing until it is resumed.';
  static override readonly description =
    'What would have come meanwhile is skipped, and told in its history. Its tasks that are there already go on.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> nightly --reason "the mirror is moved"',
  ];

  static override readonly args = scheduleArgs;

  static override readonly flags = {
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Pause);
    const { pauseSchedule } = await import('../../tasks/scheduling.ts');
    await pauseSchedule(args.name, flags.reason);
    this.log(`${args.name} is paused`);
    return args;
  }
}
