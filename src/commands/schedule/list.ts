import { listByNameFlags, ListByNameCommand } from '../../cli/list-by-name-command.ts';
import { scheduleTable } from '../../cli/schedule-text.ts';

export default class List extends ListByNameCommand {
  static override readonly summary = 'List schedules by name.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 10 --cursor nightly',
  ];

  static override readonly flags = listByNameFlags();

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { listSchedules } = await import('../../queries/schedule.ts');
    return this.showPage(flags, {
      of: 'schedules',
      list: listSchedules,
      table: scheduleTable,
      nameOf: ({ name }) => name,
    });
  }
}
