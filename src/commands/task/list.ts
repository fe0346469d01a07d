import * as Flags from '@oclif/core/flags';
import { asOfFlag } from '../../cli/as-of-flag.ts';
import { MOST } from '../../counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { parseMoment } from '../../cli/moment.ts';
import { prose } from '../../cli/prose.ts';
import { taskFilter, taskFilterFlags } from '../../cli/task-filter-flags.ts';
import { TASK_SORTS, taskOrder } from '../../cli/task-sort.ts';
import { taskTable } from '../../cli/task-table.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List tasks, the newest first.';
  static override readonly description = prose(`
With --as-of, they are told from the events that had been recorded by then, and the other flags speak of that time. Tasks that
were purged since are left out; the SQL function pulp.task_at(time) tells of them too, as long as their events are kept.

To go through many, give the id of the last one of a page as --cursor of the next: that costs the same for each page.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --state failed --since 1h',
    '<%= config.bin %> <%= command.id %> --resource /repositories/1/ --limit 10',
    '<%= config.bin %> <%= command.id %> --state running --as-of 10m',
    '<%= config.bin %> <%= command.id %> --state failed --state canceled --sort -finished_at',
  ];

  static override readonly flags = {
    ...taskFilterFlags,
    since: Flags.string({
      helpValue: 'TIME',
      summary: 'The same as --enqueued-after.',
      exclusive: ['enqueued-after'],
    }),
    'as-of': asOfFlag,
    sort: Flags.option({
      options: TASK_SORTS,
      helpValue: 'COLUMN',
      multiple: true,
      multipleNonGreedy: true,
      summary: `By one of ${TASK_SORTS.filter((sort) => !sort.startsWith('-')).join(', ')}; with - before it, the greatest first.`,
    })(),
    cursor: Flags.string({
      helpValue: 'ID',
      summary: 'Those that come after this task.',
      exclusive: ['sort', 'as-of'],
    }),
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 50, min: 1, max: MOST }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { limit } = flags;
    const since = flags.since === undefined ? undefined : parseMoment(flags.since, '--since');
    const asOf = flags['as-of'];
    const at = asOf === undefined ? undefined : parseMoment(asOf, '--as-of');
    const { listTasks } = await import('../../queries/task.ts');
    if (flags.cursor !== undefined) {
      const { TaskHandle } = await import('../../tasks/task-handle.ts');
      await new TaskHandle(flags.cursor).read(); // after one that is not there comes none
    }
    const found = await listTasks({
      ...taskFilter(flags),
      ...(since && { since }),
      at,
      after: flags.cursor,
      order: flags.sort?.map(taskOrder),
      limit: limit + 1, // one more, to know whether there are more
    });
    const tasks = found.slice(0, limit);
    if (tasks.length === 0) {
      const { goneText } = await import('../../queries/time-travel.ts');
      const gone = at && (await goneText('tasks', at));
      this.logToStderr(gone ?? (at ? 'There were no such tasks.' : 'There are no such tasks.'));
      return tasks;
    }
    this.log(taskTable(tasks));
    const isPaged = flags.sort === undefined && at === undefined;
    if (found.length > limit) {
      this.logToStderr(
        `There are more; these are the first ${limit}.${isPaged ? ` The next: --cursor ${tasks.at(-1)?.id ?? ''}` : ''}`,
      );
    }
    return tasks;
  }
}
