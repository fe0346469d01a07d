import { DatabaseCommand } from '../../cli/database-command.ts';
import { scheduleText } from '../../cli/schedule-text.ts';
import { scheduleArgs } from '../../cli/schedule-args.ts';

export default class Show extends DatabaseCommand {
  static override readonly summary = 'Show a schedule.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> nightly'];

  static override readonly args = scheduleArgs;

  async run(): Promise<unknown> {
    const { args } = await this.parse(Show);
    const { readSchedule } = await import('../../queries/schedule.ts');
    const schedule = await readSchedule(args.name);
    this.log(scheduleText(schedule));
    return schedule;
  }
}
