import * as Flags from '@oclif/core/flags';
import { MOST } from '../../counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { formatDuration, parseDuration } from '../../duration.ts';
import { prose } from '../../cli/prose.ts';
import { heldByText, lineText } from '../../cli/resource-text.ts';
import { formatTable } from '../../cli/table.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List the resources that cost the most waiting.';
  static override readonly description = prose(`
WAITING is how long claims waited for the resource within the window, all together; LONGEST is one wait in full. A claim
waits for a resource as long as an older claim that conflicts with it stands there: what its task waits for another
resource is told of that one. BUSY is the share of the window during which anybody held it. LINE is who waits now.
HELD BY is who holds it now.

--json also names those who held it longest. SQL gives the same by pulp.resource_contention(period). Tasks that were purged
are not counted.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --window 1d --sort held',
    '<%= config.bin %> <%= command.id %> --sort queue --limit 5',
  ];

  static override readonly flags = {
    window: Flags.string({
      helpValue: 'TIME',
      summary: 'How far to look back, such as 10m or 1d.',
      default: '1h',
    }),
    sort: Flags.option({
      options: ['waiting', 'queue', 'held'] as const,
      summary: 'By what they cost, by who stands in line now, or by how long they were held.',
      default: 'waiting' as const,
    })(),
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 20, min: 1, max: MOST }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { sort, limit } = flags;
    const windowMs = parseDuration(flags.window, '--window');
    const { listResources } = await import('../../queries/resource.ts');
    const resources = await listResources({ windowMs, sort, limit });
    if (resources.length === 0) {
      this.logToStderr('No task has claimed a resource in that time.');
      return resources;
    }
    this.log(
      formatTable(
        ['RESOURCE', 'WAITING', 'WAITS', 'LONGEST', 'BUSY', 'LINE', 'HELD BY'],
        resources.map((row) => [
          row.resource,
          formatDuration(row.waiting * 1000),
          String(row.waits),
          formatDuration(row.longest_wait * 1000),
          `${(row.busy * 100).toFixed(1)}%`,
          lineText(row),
          heldByText(row),
        ]),
      ),
    );
    return resources;
  }
}
