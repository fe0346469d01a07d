import * as Flags from '@oclif/core/flags';
import { MOST } from '../../counts.ts';
import { printableLine } from '../../cli/printable.ts';
import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';
import type { Violation } from '../../maintenance/verify.ts';

export default class Verify extends PulpCommand {
  static override readonly summary = 'Check the log, and that all state is what the log says.';
  static override readonly description = prose(`
Folds the events of every task and worker and compares the result with the rows; checks that conflicting runs were apart, that
each task ended once, that no claim is left behind, and that the work lists, pg-boss and the locks of workers agree with
it. All is seen as of one moment, while the system works.

Prints a line for each violation and exits with 1 if there is one. With --sample it is cheap enough to be run every
minute. What "pulp db rebuild" can put right is everything but the log itself.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --sample 1000 --json',
  ];

  static override readonly flags = {
    sample: Flags.integer({
      helpValue: 'N',
      summary: 'Check N random tasks and their claims instead of all.',
      min: 1,
      max: 1_000_000,
    }),
    limit: Flags.integer({
      helpValue: 'N',
      summary: 'How many violations to show at most.',
      default: 100,
      min: 1,
      max: MOST,
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Verify);
    const { getDatabaseUrl } = await import('../../postgres/database-url.ts');
    const { verify } = await import('../../maintenance/verify.ts');
    const { violations, events, seconds } = await verify(await getDatabaseUrl(), {
      ...(flags.sample !== undefined && { sample: flags.sample }),
    });
    const shown = violations.slice(0, flags.limit);
    if (shown.length > 0) this.log(shown.map(violationText).join('\n'));
    const looked =
      events === undefined
        ? `${String(flags.sample)} random tasks in ${Math.round(seconds * 1000)} ms`
        : `${events.toLocaleString('en')} events in ${seconds.toFixed(1)} s`;
    this.logToStderr(
      violations.length === 0
        ? `All is well: ${looked}.`
        : `${violations.length.toLocaleString('en')} violation${violations.length === 1 ? '' : 's'}${shown.length < violations.length ? `, of which ${shown.length} are shown` : ''}: ${looked}.`,
    );
    if (violations.length > 0) process.exitCode = 1;
    return { ok: violations.length === 0, found: violations.length, events, seconds, violations: shown };
  }
}

/** One line: the rule, what it is about, what is wrong, what should be and what is. */
function violationText({ rule, stream_kind, stream_id, problem, expected, actual }: Violation): string {
  const rows = [
    ...(expected === null ? [] : [`should be ${JSON.stringify(expected)}`]),
    ...(actual === null ? [] : [`is ${JSON.stringify(actual)}`]),
  ];
  return printableLine(
    [`${rule}: ${stream_kind ?? 'resource'} ${stream_id}: ${problem}`, ...rows].join('; '),
  );
}
