import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';

export default class Resume extends DatabaseCommand {
  static override readonly summary = 'Let a schedule go on that is paused.';
  static override readonly description = 'What came meanwhile is skipped.';
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
    const { args, flags } = await this.parse(Resume);
    const { resumeSchedule } = await import('../../tasks/scheduling.ts');
    await resumeSchedule(args.name, flags.reason);
    this.log(`${args.name} goes on`);
    return args;
  }
}
