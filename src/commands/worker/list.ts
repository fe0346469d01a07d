import { DatabaseCommand } from '../../cli/database-command.ts';
import { formatDuration } from '../../cli/duration.ts';
import { prose } from '../../cli/prose.ts';
import { formatTable } from '../../cli/table.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List the workers that there are and were.';
  static override readonly description = prose(`
Those online come first. HEARTBEAT is the age of the last sign of life, RUNNING how many tasks it has in hand and may
have, RATE how many it finished a second before that sign of life. One of them leads as resource manager (LEADS).`);
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<unknown> {
    await this.parse(List);
    const { listWorkers } = await import('../../projections/worker.ts');
    const workers = await listWorkers();
    if (workers.length === 0) {
      this.logToStderr('There are no workers: `pulp worker` starts one.');
      return workers;
    }
    this.log(
      formatTable(
        ['NAME', 'STATE', 'HEARTBEAT', 'RUNNING', 'RATE', 'LEADS', 'QUEUES'],
        workers.map((worker) => [
          worker.name,
          worker.state,
          formatDuration(worker.heartbeat_age * 1000),
          `${worker.running}/${worker.concurrency}`,
          worker.finish_rate === null ? '-' : `${worker.finish_rate.toFixed(1)}/s`,
          worker.leads ? 'yes' : '-',
          worker.queues.join(' '),
        ]),
      ),
    );
    return workers;
  }
}
