import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { MOST } from '../../counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { formatDuration, parseDuration } from '../../duration.ts';
import { prose } from '../../cli/prose.ts';
import { claimantText, limitFacts, lineText, modeText } from '../../cli/resource-text.ts';
import { formatFacts, formatTable } from '../../cli/table.ts';

export default class Show extends DatabaseCommand {
  static override readonly summary = 'Show who holds a resource, who waits for it, and who held it.';
  static override readonly description = prose(`
First what it cost within the window, see pulp resource list; then those who hold it and the line before it, as they are
now; then who held it within the window, the latest first, with those who waited for them.

--json gives all of it as facts, and names those who waited. SQL tells the present in pulp.resource_now, and the past by
pulp.resource_holds(resource, period). Tasks that were purged are missing.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> /repositories/1/',
    '<%= config.bin %> <%= command.id %> /repositories/1/ --window 1d --limit 100',
  ];

  static override readonly args = {
    url: Args.string({
      description: 'The resource, as tasks claim it.',
      required: true,
      ignoreStdin: true,
    }),
  };

  static override readonly flags = {
    window: Flags.string({
      helpValue: 'TIME',
      summary: 'How far to look back, such as 10m or 1d.',
      default: '1h',
    }),
    limit: Flags.integer({
      helpValue: 'N',
      summary: 'How many holders and waiters at most.',
      default: 20,
      min: 1,
      max: MOST,
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Show);
    const windowMs = parseDuration(flags.window, '--window');
    const { readResource } = await import('../../queries/resource.ts');
    const { PulpError } = await import('../../errors.ts');
    const { resourceName } = await import('../../tasks/resource.ts');
    const window = { windowMs, limit: flags.limit };
    // By its own text, too: so it was called by earlier versions.
    const resource =
      (await readResource(resourceName(args.url), window)) ?? (await readResource(args.url, window));
    if (resource === undefined) {
      throw new PulpError('MISSING_RESOURCE', `no task has claimed ${JSON.stringify(args.url)}`, {
        remedy: 'Write it exactly as tasks do: pulp resource list shows those in use.',
        exitCode: 3,
      });
    }

    const { contention, holders, line, recent } = resource;
    const seconds = (value: number) => formatDuration(value * 1000);
    this.log(
      formatFacts({
        resource: resource.resource,
        'held by': resource.holder_count || 'nobody',
        'in line': lineText(resource),
        ...limitFacts(resource.limit),
        ...(contention && {
          busy: `${(contention.busy * 100).toFixed(1)}% of ${formatDuration(windowMs)}`,
          waiting: `${seconds(contention.waiting)} in ${contention.waits} waits, the longest ${seconds(contention.longest_wait)}`,
        }),
      }),
    );
    const section = (name: string, header: readonly string[], rows: readonly (readonly string[])[]) => {
      if (rows.length > 0) this.log(`\n${name}\n${formatTable(header, rows)}`);
    };
    section(
      'Holders',
      ['ID', 'NAME', 'MODE', 'WORKER', 'SINCE'],
      holders.map(({ id, name, mode, units, hold, worker, since }) => [
        id,
        claimantText(name, hold),
        modeText(mode, units),
        worker ?? '-',
        since.toISOString(),
      ]),
    );
    section(
      'Line',
      ['PLACE', 'ID', 'NAME', 'MODE', 'SINCE'],
      line.map(({ place, id, name, mode, units, hold, since }) => [
        String(place),
        id,
        claimantText(name, hold),
        modeText(mode, units),
        since.toISOString(),
      ]),
    );
    section(
      'Held within the window',
      ['ID', 'NAME', 'MODE', 'WORKER', 'SINCE', 'HELD', 'WAITS', 'WAITING'],
      recent.map((hold) => [
        hold.id,
        hold.name,
        hold.mode,
        hold.worker ?? '-',
        hold.since.toISOString(),
        seconds(hold.seconds),
        String(hold.waits),
        seconds(hold.waiting),
      ]),
    );
    return resource;
  }
}
