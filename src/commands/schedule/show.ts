import * as Args from '@oclif/core/args';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { scheduleText } from '../../cli/schedule-text.ts';

export default class Show extends DatabaseCommand {
  static override readonly summary = 'Show a schedule.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> nightly'];

  static override readonly args = {
    name: Args.string({ description: 'Its name.', required: true, ignoreStdin: true }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(Show);
    const { readSchedule } = await import('../../projections/schedule.ts');
    const schedule = await readSchedule(args.name);
    this.log(scheduleText(schedule));
    return schedule;
  }
}
