import * as Flags from '@oclif/core/flags';
import { MOST } from '../../counts.ts';
import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';
import type { Progress } from '../../maintenance/rebuild.ts';

/** How often to tell of progress, in milliseconds. */
const NEWS_MS = 1000;

export default class Rebuild extends PulpCommand {
  static override readonly summary = 'Make all state what the log says, while the system works.';
  static override readonly description = prose(`
Folds the events of every task and worker, and puts right what differs: rows that lack, are too many or are wrong, claims, what is
listed as running or deferred, and the jobs of pg-boss. Rows that are right are not written. Tasks are enqueued and run
meanwhile; no table is locked, only the rows of a batch. It can be stopped at any time and run again.

Ends with a verification, and exits with 1 if something is still wrong. It needs the rights of the owner of the schema.
Not restored is the say of a worker in a run whose row was gone when it wanted to report: start that worker anew.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %>',
  ];

  static override readonly flags = {
    'dry-run': Flags.boolean({ summary: 'Say what would be changed, and change nothing.' }),
    limit: Flags.integer({
      helpValue: 'N',
      summary: 'How many tasks to name at most.',
      default: 100,
      min: 1,
      max: MOST,
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Rebuild);
    const dryRun = flags['dry-run'];
    const { getDatabaseUrl } = await import('../../postgres/database-url.ts');
    const { rebuild } = await import('../../maintenance/rebuild.ts');
    let toldAt = performance.now();
    const done = await rebuild(await getDatabaseUrl(), {
      dryRun,
      onProgress: (progress) => {
        if (performance.now() - toldAt < NEWS_MS) return;
        toldAt = performance.now();
        this.logToStderr(progressText(progress));
      },
    });

    const { findings, workers, counts: miscounted, events, seconds, longestLockMs, violations } = done;
    const counts: Record<string, number> = {};
    for (const { finding } of findings) counts[finding] = (counts[finding] ?? 0) + 1;
    if (workers > 0) counts['workers'] = workers;
    if (miscounted > 0) counts['counts'] = miscounted;
    const shown = findings.slice(0, flags.limit);
    if (dryRun) for (const { id, finding } of shown) this.log(`${id} ${finding}`);
    const found = Object.entries(counts).map(
      ([finding, count]) => `${count.toLocaleString('en')} ${finding}`,
    );
    this.logToStderr(
      `Folded ${events.toLocaleString('en')} events in ${seconds.toFixed(1)} s, ${rateText(events, seconds)}.\n` +
        (found.length === 0
          ? 'Nothing was wrong.'
          : `${dryRun ? 'Wrong' : 'Was wrong'}: ${found.join(', ')}.`),
    );
    if (!dryRun) {
      this.logToStderr(
        `Rows were locked for ${Math.ceil(longestLockMs)} ms at most, tables never.\n` +
          (violations.length === 0
            ? 'Verified: all is well.'
            : `Verified: ${violations.length.toLocaleString('en')} violations are left; \`pulp db verify\` shows them.`),
      );
    }
    if (violations.length > 0) process.exitCode = 1;
    return {
      ok: violations.length === 0,
      dry_run: dryRun,
      events,
      seconds,
      longest_lock_ms: longestLockMs,
      counts,
      tasks: shown,
      violations: violations.slice(0, flags.limit),
    };
  }
}

function progressText({ events, expectedEvents, seconds }: Progress): string {
  const remaining = Math.max(0, expectedEvents - events);
  return `${events.toLocaleString('en')} of about ${Math.max(expectedEvents, events).toLocaleString('en')} events, ${rateText(events, seconds)}, ${Math.ceil((remaining / events) * seconds)} s remain`;
}

function rateText(events: number, seconds: number): string {
  return `${Math.round(events / seconds).toLocaleString('en')} events/s`;
}
