import { asOfFlag } from '../../cli/as-of-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { formatDuration } from '../../duration.ts';
import { parseMoment } from '../../cli/moment.ts';
import { prose } from '../../cli/prose.ts';
import { formatTable } from '../../cli/table.ts';
import type { Worker } from '../../queries/worker.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List the workers that there are and were.';
  static override readonly description = prose(`
Those online come first; one that is unable is online, but takes no tasks for the reason told. HEARTBEAT is the age of the last sign of life, RUNNING how many tasks it has in hand and may
have, RATE how many it finished a second before that sign of life. One of them leads as resource manager (LEADS).

With --as-of, they are told from the events that had been recorded by then. Signs of life are kept for a shorter time than
other events: where they are gone, HEARTBEAT counts from when the worker came online.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --as-of 2030-01-31T12:00:00Z',
  ];

  static override readonly flags = {
    'as-of': asOfFlag,
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const asOf = flags['as-of'];
    const at = asOf === undefined ? undefined : parseMoment(asOf, '--as-of');
    const { listWorkers } = await import('../../queries/worker.ts');
    const workers = await listWorkers(at);
    if (workers.length === 0) {
      const { goneText } = await import('../../queries/time-travel.ts');
      const gone = at && (await goneText('workers', at));
      const none = at ? 'There were no workers.' : 'There are no workers: `pulp worker` starts one.';
      this.logToStderr(gone ?? none);
      return workers;
    }
    this.log(
      formatTable(
        ['NAME', 'STATE', 'HEARTBEAT', 'RUNNING', 'RATE', 'LEADS', 'QUEUES'],
        workers.map((worker) => [
          worker.name,
          shownState(worker),
          formatDuration(worker.heartbeat_age * 1000),
          `${worker.running}/${worker.concurrency}`,
          worker.finish_rate === null ? '-' : `${worker.finish_rate.toFixed(1)}/s`,
          worker.leads ? 'yes' : '-',
          worker.queues.join(' '),
        ]),
      ),
    );
    for (const { name, state, unable, draining, stuck } of workers) {
      if (state !== 'online') continue;
      if (draining !== null)
        this.log(`${name} finishes what it runs and ends${draining === '' ? '' : `: ${draining}`}`);
      if (unable !== null) this.log(`${name} takes no tasks: ${unable}`);
      for (const { task, processes } of stuck ?? []) {
        const killed = processes.map(({ pid, state }) => `${pid} (${state})`).join(', ');
        this.log(`${name} cannot kill process ${killed} of task ${task}, which keeps what it holds`);
      }
    }
    return workers;
  }
}

/** Of a worker that is online, what keeps it from taking tasks, if anything does. */
function shownState({ state, unable, draining }: Worker): string {
  if (state !== 'online') return state;
  return draining !== null ? 'draining' : unable !== null ? 'unable' : state;
}
