import * as Flags from '@oclif/core/flags';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { parseMoment } from '../../cli/moment.ts';
import { prose } from '../../cli/prose.ts';
import { TASK_FINAL_STATES } from '../../constants.ts';
import { MOST } from '../../counts.ts';

export default class Purge extends DatabaseCommand {
  static override readonly summary = 'Forget tasks that are over.';
  static override readonly description = prose(`
Takes them from the table of tasks, in short steps beside whatever runs; prints how many there were. What happened to them
stays in the log until it is archived (\`pulp db archive\`). Broken off, it can simply be run again.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --finished-before 30d',
    '<%= config.bin %> <%= command.id %> --finished-before 2030-01-01 --state completed --dry-run',
  ];

  static override readonly flags = {
    'finished-before': Flags.string({
      helpValue: 'TIME',
      summary: 'Those that ended before a time in ISO 8601, or 30d ago.',
      required: true,
    }),
    state: Flags.option({
      options: TASK_FINAL_STATES,
      multiple: true,
      helpValue: 'STATE',
      summary: `Only those that are ${TASK_FINAL_STATES.join(', ')}; may be repeated.`,
    })(),
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', min: 1, max: MOST }),
    'dry-run': Flags.boolean({ summary: 'Only count them.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Purge);
    const finishedBefore = parseMoment(flags['finished-before'], '--finished-before');
    const { countPurgeable, purgeTasks } = await import('../../maintenance/purge.ts');
    const options = { finishedBefore, states: flags.state, limit: flags.limit };
    const dryRun = flags['dry-run'];
    const purged = await (dryRun ? countPurgeable(options) : purgeTasks(options));
    this.log(`${purged} ${purged === 1 ? 'task' : 'tasks'} ${dryRun ? 'would be purged' : 'purged'}`);
    return { purged, dry_run: dryRun, finished_before: finishedBefore };
  }
}
