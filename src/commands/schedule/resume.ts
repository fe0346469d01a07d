import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';
import { scheduleArgs } from '../../cli/schedule-args.ts';

export default class Resume extends DatabaseCommand {
  static override readonly summary = 'Let a schedule go on that is paused.';
  static override readonly description = 'What came meanwhile is skipped.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> nightly --reason "the mirror is moved"',
  ];

  static override readonly args = scheduleArgs;

  static override readonly flags = {
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Resume);
    const { resumeSchedule } = await import('../../tasks/scheduling.ts');
    await resumeSchedule(args.name, flags.reason);
    this.log(`${args.name} goes on`);
    return args;
  }
}
