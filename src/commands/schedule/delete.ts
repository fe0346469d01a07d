import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';
import { scheduleArgs } from '../../cli/schedule-args.ts';

export default class Delete extends DatabaseCommand {
  static override readonly summary = 'Delete a schedule.';
  static override readonly description = 'Its history stays, and so do its tasks.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> nightly --reason "the mirror is moved"',
  ];

  static override readonly args = scheduleArgs;

  static override readonly flags = {
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Delete);
    const { deleteSchedule } = await import('../../tasks/scheduling.ts');
    await deleteSchedule(args.name, flags.reason);
    this.log(`${args.name} is deleted`);
    return args;
  }
}
