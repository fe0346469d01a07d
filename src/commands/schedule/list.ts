import * as Flags from '@oclif/core/flags';
import { MOST } from '../../cli/counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { scheduleTable } from '../../cli/schedule-text.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List schedules by name.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 10 --cursor nightly',
  ];

  static override readonly flags = {
    cursor: Flags.string({ helpValue: 'NAME', summary: 'Those that come after this one.' }),
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 50, min: 1, max: MOST }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { cursor, limit } = flags;
    const { listSchedules } = await import('../../projections/schedule.ts');
    const found = await listSchedules({ after: cursor, limit: limit + 1 }); // one more, to know whether there are more
    const schedules = found.slice(0, limit);
    if (schedules.length === 0) this.logToStderr('There are no schedules.');
    else this.log(scheduleTable(schedules));
    if (found.length > limit) {
      this.logToStderr(
        `There are more; these are the first ${limit}. The next: --cursor ${schedules.at(-1)?.name ?? ''}`,
      );
    }
    return schedules;
  }
}
