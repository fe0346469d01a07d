import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { MOST } from '../counts.ts';
import { DatabaseCommand } from '../cli/database-command.ts';
import { formatDuration } from '../duration.ts';
import { prose } from '../cli/prose.ts';
import { formatTable } from '../cli/table.ts';
import { PulpError } from '../errors.ts';
import type { TracedTask } from '../queries/trace.ts';

export default class Trace extends DatabaseCommand {
  static override readonly summary = 'Show what caused what: the tasks of one correlation as a tree.';
  static override readonly description = prose(`
A task stands under the one in whose run it was enqueued. WAITED is the time until its latest start, RAN that of the latest
run. A task that was enqueued without a correlation has its own id as such, and those enqueued in its run inherit it.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> request-4711',
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
  ];

  static override readonly args = {
    correlation: Args.string({
      description: 'A correlation id, or the id of a task that belongs to it.',
      required: true,
      ignoreStdin: true,
    }),
  };

  static override readonly flags = {
    limit: Flags.integer({
      helpValue: 'N',
      summary: 'How many tasks at most.',
      default: 1000,
      min: 1,
      max: MOST,
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Trace);
    const { readTrace } = await import('../queries/trace.ts');
    const trace = await readTrace(args.correlation, flags.limit);
    if (trace === undefined) {
      throw new PulpError(
        'MISSING_RESOURCE',
        `there is no task with the correlation id ${args.correlation}`,
        {
          remedy: 'Check it: `pulp task show ID` tells the correlation of a task.',
          exitCode: 3,
        },
      );
    }
    this.log(formatTable(['TASK', 'STATE', 'WAITED', 'RAN', 'ATTEMPT', 'ID'], rowsOf(trace.roots, '')));
    if (trace.more) this.logToStderr(`There are more; --limit shows more than ${flags.limit}.`);
    return trace;
  }
}

function rowsOf(tasks: readonly TracedTask[], indent: string): string[][] {
  return tasks.flatMap(({ id, name, state, waited_seconds, ran_seconds, attempt, children }) => [
    [
      `${indent}${name}`,
      state,
      formatDuration(waited_seconds * 1000),
      ran_seconds === null ? '-' : formatDuration(ran_seconds * 1000),
      String(attempt),
      id,
    ],
    ...rowsOf(children, `${indent}  `),
  ]);
}
