import * as Args from '@oclif/core/args';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { formatDuration } from '../../duration.ts';
import { prose } from '../../cli/prose.ts';
import { formatTable } from '../../cli/table.ts';
import { factsInShort } from '../../cli/facts-text.ts';
import type { TaskEvent } from '../../queries/task.ts';

export default class History extends DatabaseCommand {
  static override readonly summary = 'Show what happened to a task.';
  static override readonly description = prose(`
One line an event: when it was, how long after the one before, what happened, who is said to have caused it (with the true login, if that is another), the attempt that it belongs to, and the facts
in short; --json shows them all.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
  ];

  static override readonly args = {
    id: Args.string({ description: 'The id of a task.', required: true, ignoreStdin: true }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(History);
    const { readHistory } = await import('../../queries/task.ts');
    const { MissingResourceError } = await import('../../errors.ts');
    const events = await readHistory(args.id.toLowerCase());
    if (events.length === 0) throw new MissingResourceError(args.id);
    this.log(
      formatTable(
        ['TIME', 'AFTER', 'EVENT', 'ACTOR', 'FACTS'],
        events.map(({ recorded_at, seconds_after, type, attempt, data, ...who }) => [
          recorded_at.toISOString(),
          seconds_after === null ? '' : formatDuration(seconds_after * 1000),
          type,
          whoText(who),
          factsInShort({ attempt, ...(data as object) }),
        ]),
      ),
    );
    return events;
  }
}

function whoText({ actor, session_user }: Pick<TaskEvent, 'actor' | 'session_user'>): string {
  if (actor === null || session_user === null || actor === session_user) return actor ?? '';
  return `${actor} (${session_user})`;
}
