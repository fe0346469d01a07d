import * as Flags from '@oclif/core/flags';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { parseDuration } from '../../duration.ts';
import { printableLine } from '../../cli/printable.ts';
import { prose } from '../../cli/prose.ts';

export default class Check extends DatabaseCommand {
  static override readonly summary = 'Say what needs somebody, for cron and monitoring.';
  static override readonly description = prose(`
Prints two lines for each alert, its code with what is wrong and what to do about it, and exits with 1 if there is one: work in a
queue that no able worker serves, or of types that its workers do not know, a task that has been waiting for a worker for too long, no leader, a leader that fails,
silent workers, workers that take no tasks, subscriptions that have stopped or are behind, a log or numbers that come to their end, a transaction that has been open for too long, few connections left. It takes
milliseconds however many tasks there are; whether all state is what the log says, \`pulp db verify\` checks.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --max-age 10m --json',
  ];

  static override readonly flags = {
    'max-age': Flags.string({
      helpValue: 'TIME',
      summary: 'For how long a task may wait for a worker that could start it.',
      default: '1h',
    }),
    'max-lag': Flags.string({
      helpValue: 'TIME',
      summary: 'How old an event may be that a subscription has not looked at.',
      default: '1h',
    }),
    'max-snapshot': Flags.string({
      helpValue: 'TIME',
      summary: 'For how long a transaction may be open.',
      default: '1h',
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Check);
    const { workerTtl } = await import('../../worker-ttl.ts');
    const limits = {
      quietSeconds: workerTtl(),
      claimableSeconds: parseDuration(flags['max-age'], '--max-age') / 1000,
      lagSeconds: parseDuration(flags['max-lag'], '--max-lag') / 1000,
      snapshotSeconds: parseDuration(flags['max-snapshot'], '--max-snapshot') / 1000,
    };
    const { readStats } = await import('../../queries/stats.ts');
    const { alertsIn } = await import('../../queries/alerts.ts');
    const alerts = alertsIn(await readStats(limits.quietSeconds), limits);
    this.log(
      alerts.length === 0
        ? 'All is well.'
        : alerts
            .map(
              ({ code, message, remedy }) =>
                `${printableLine(`${code}: ${message}`)}\n  ${printableLine(remedy)}`,
            )
            .join('\n'),
    );
    if (alerts.length > 0) process.exitCode = 1;
    return { ok: alerts.length === 0, alerts };
  }
}
