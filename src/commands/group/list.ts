import { listByNameFlags, ListByNameCommand } from '../../cli/list-by-name-command.ts';
import { groupTable } from '../../cli/group-text.ts';

export default class List extends ListByNameCommand {
  static override readonly summary = 'List groups by id, with how many of their tasks are in each state.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 10 --cursor nightly',
  ];

  static override readonly flags = listByNameFlags('ID');

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { listGroups } = await import('../../queries/task-group.ts');
    return this.showPage(flags, {
      of: 'groups',
      list: listGroups,
      table: groupTable,
      nameOf: ({ id }) => id,
    });
  }
}
