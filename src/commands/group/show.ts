import { DatabaseCommand } from '../../cli/database-command.ts';
import { groupArgs } from '../../cli/group-args.ts';
import { reportText } from '../../cli/report-text.ts';
import { groupText } from '../../cli/group-text.ts';

export default class Show extends DatabaseCommand {
  static override readonly summary = 'Show a group, and how many of its tasks are in each state.';
  static override readonly description =
    'Its tasks: `pulp task list --group ID`. Exits with 3 if there is no such group.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> nightly'];

  static override readonly args = groupArgs;

  async run(): Promise<unknown> {
    const { args } = await this.parse(Show);
    const { readGroup, readGroupProgress } = await import('../../queries/task-group.ts');
    const [group, reports] = [await readGroup(args.id), await readGroupProgress(args.id)];
    this.log(groupText(group));
    for (const report of reports) this.log(reportText(report));
    return { ...group, reports };
  }
}
