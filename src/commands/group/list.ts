import * as Flags from '@oclif/core/flags';
import { MOST } from '../../cli/counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { groupTable } from '../../cli/group-text.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List groups by id, with how many of their tasks are in each state.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 10 --cursor nightly',
  ];

  static override readonly flags = {
    cursor: Flags.string({ helpValue: 'ID', summary: 'Those that come after this one.' }),
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 50, min: 1, max: MOST }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { cursor, limit } = flags;
    const { listGroups } = await import('../../projections/task-group.ts');
    const found = await listGroups({ after: cursor, limit: limit + 1 }); // one more, to know whether there are more
    const groups = found.slice(0, limit);
    if (groups.length === 0) this.logToStderr('There are no groups.');
    else this.log(groupTable(groups));
    if (found.length > limit) {
      this.logToStderr(
        `There are more; these are the first ${limit}. The next: --cursor ${groups.at(-1)?.id ?? ''}`,
      );
    }
    return groups;
  }
}
