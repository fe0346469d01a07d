import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { scheduleArgs } from '../../cli/schedule-args.ts';

export default class Run extends DatabaseCommand {
  static override readonly summary = 'Enqueue the task of a schedule now.';
  static override readonly description =
    'Beside its occurrences, whether it is paused or not. Prints the id of the task alone on stdout.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> nightly',
    '<%= config.bin %> task wait $(<%= config.bin %> <%= command.id %> nightly)',
  ];

  static override readonly args = scheduleArgs;

  static override readonly flags = { actor: actorFlag };

  async run(): Promise<unknown> {
    const { args } = await this.parse(Run);
    const { runSchedule } = await import('../../tasks/scheduling.ts');
    const id = await runSchedule(args.name);
    this.log(id);
    return { id };
  }
}
