import * as Flags from '@oclif/core/flags';
import { MOST } from '../counts.ts';
import { DatabaseCommand } from '../cli/database-command.ts';
import { factsInShort } from '../cli/facts-text.ts';
import { parseMoment } from '../cli/moment.ts';
import { prose } from '../cli/prose.ts';
import { formatTable } from '../cli/table.ts';
import type { LogEvent } from '../events/read.ts';

export default class Audit extends DatabaseCommand {
  static override readonly summary = 'Show who did what.';
  static override readonly description = prose(`
One line an event, in the order of the log: when it was, who is said to have caused it (ACTOR), whose login it truly was (LOGIN), what happened,
to which task, worker or other stream, and the facts in short; --json shows them all. What a worker reports of its runs has the worker's
login.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --actor alice --since 7d',
    '<%= config.bin %> <%= command.id %> --type TaskCancelRequested --type TaskRequeued',
  ];

  static override readonly flags = {
    actor: Flags.string({ helpValue: 'NAME', summary: 'By this one: as it is said, or by login.' }),
    since: Flags.string({
      helpValue: 'TIME',
      summary: 'Since a time in ISO 8601, or 1h ago.',
      default: '1d',
    }),
    type: Flags.string({
      helpValue: 'TYPE',
      summary: 'Of this type, such as TaskCancelRequested; can be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 1000, min: 1, max: MOST }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Audit);
    const { actor, limit, type: types } = flags;
    const { checkEventTypes } = await import('../cli/event-types.ts');
    await checkEventTypes(types ?? []);
    const { readEvents } = await import('../events/read.ts');
    const since = parseMoment(flags.since, '--since');
    const events: LogEvent[] = [];
    for (let after: string | undefined; ;) {
      const page = await readEvents({ actor, types, since, after, limit: limit + 1 - events.length });
      events.push(...page.events);
      if (page.caughtUp || events.length > limit) break;
      after = page.cursor;
    }
    const shown = events.slice(0, limit);
    if (shown.length === 0) this.logToStderr('There are no such events.');
    else {
      this.log(
        formatTable(
          ['TIME', 'ACTOR', 'LOGIN', 'EVENT', 'STREAM', 'FACTS'],
          shown.map((event) => [
            event.recorded_at.toISOString(),
            event.actor ?? '',
            event.session_user ?? '',
            event.type,
            event.stream_id,
            factsInShort(event.data),
          ]),
        ),
      );
    }
    if (events.length > limit) this.logToStderr(`There are more; these are the first ${limit}.`);
    return shown;
  }
}
