import * as Flags from '@oclif/core/flags';
import { MOST } from '../../cli/counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { parseMoment } from '../../cli/moment.ts';
import { prose } from '../../cli/prose.ts';
import { formatTable } from '../../cli/table.ts';
import { TASK_STATES } from '../../constants.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List tasks, the newest first.';
  static override readonly description = prose(`
With --at, they are told from the events that had been recorded by then, and the other flags speak of that time. Tasks that
were purged since are left out; the SQL function pulp.task_at(time) tells of them too, as long as their events are kept.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --state failed --since 1h',
    '<%= config.bin %> <%= command.id %> --resource /repositories/1/ --limit 10',
    '<%= config.bin %> <%= command.id %> --state running --at 10m',
  ];

  static override readonly flags = {
    state: Flags.option({
      options: TASK_STATES,
      helpValue: 'STATE',
      summary: `One of ${TASK_STATES.join(', ')}.`,
    })(),
    name: Flags.string({ helpValue: 'NAME', summary: 'Of this task type.' }),
    resource: Flags.string({ helpValue: 'URL', summary: 'That claim this resource, alone or shared.' }),
    worker: Flags.string({ helpValue: 'NAME', summary: 'That this worker runs or ran last.' }),
    since: Flags.string({
      helpValue: 'TIME',
      summary: 'Enqueued since a time in ISO 8601, or since 1h ago.',
    }),
    at: Flags.string({
      helpValue: 'TIME',
      summary: 'As they were at a time in ISO 8601, or 10m ago.',
    }),
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 50, min: 1, max: MOST }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { state, name, resource, worker, limit } = flags;
    const since = flags.since === undefined ? undefined : parseMoment(flags.since, '--since');
    const at = flags.at === undefined ? undefined : parseMoment(flags.at, '--at');
    const { listTasks } = await import('../../projections/task.ts');
    const found = await listTasks({
      ...(state && { state }),
      ...(name !== undefined && { name }),
      ...(resource !== undefined && { resource }),
      ...(worker !== undefined && { worker }),
      ...(since && { since }),
      ...(at && { at }),
      limit: limit + 1, // one more, to know whether there are more
    });
    const tasks = found.slice(0, limit);
    if (tasks.length === 0) {
      const { goneText } = await import('../../projections/time-travel.ts');
      const gone = at && (await goneText(at));
      this.logToStderr(gone ?? (at ? 'There were no such tasks.' : 'There are no such tasks.'));
      return tasks;
    }
    this.log(
      formatTable(
        ['ID', 'STATE', 'NAME', 'ENQUEUED', 'WORKER', 'RESOURCES'],
        tasks.map((task) => [
          task.id,
          task.state,
          task.name,
          task.enqueued_at.toISOString(),
          task.worker ?? '',
          [...task.exclusive_resources, ...task.shared_resources.map((shared) => `${shared} (shared)`)].join(
            ' ',
          ),
        ]),
      ),
    );
    if (found.length > limit) this.logToStderr(`There are more; these are the newest ${limit}.`);
    return tasks;
  }
}
