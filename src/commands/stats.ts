import * as Flags from '@oclif/core/flags';
import { DatabaseCommand } from '../cli/database-command.ts';
import { prose } from '../cli/prose.ts';

export default class Stats extends DatabaseCommand {
  static override readonly summary = 'Show how many tasks wait, run and are over, and how the workers fare.';
  static override readonly description = prose(`
The numbers of /metrics for people. Of each queue: how many able workers serve it, how many tasks only want one, and for how long
the oldest has. Of each task type: how many come LATER, wait in a LINE for a resource, are READY to be started, RUN, are DONE,
or did FAIL since counting began, and how long a run TOOK on average. --json has more. No task is counted for it: it costs the
same however many there are.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --queue default --json',
  ];

  static override readonly flags = {
    queue: Flags.string({ helpValue: 'NAME', summary: 'Only this queue.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Stats);
    const { workerTtl } = await import('../worker-ttl.ts');
    const { readStats } = await import('../queries/stats.ts');
    const { statsText } = await import('../cli/stats-text.ts');
    const stats = await readStats(workerTtl(), flags.queue);
    this.log(statsText(stats));
    return stats;
  }
}
