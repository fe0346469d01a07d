import * as Flags from '@oclif/core/flags';
import { MOST } from '../../counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { factsInShort } from '../../cli/facts-text.ts';
import { formatTable } from '../../cli/table.ts';
import { scheduleArgs } from '../../cli/schedule-args.ts';

export default class History extends DatabaseCommand {
  static override readonly summary = 'Show what happened to a schedule, the latest first.';
  static override readonly description =
    'Each occurrence with the time for which it was meant, its task or why it was skipped. Of one that is deleted, too.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> nightly',
    '<%= config.bin %> <%= command.id %> nightly --limit 100 --before 1200',
  ];

  static override readonly args = scheduleArgs;

  static override readonly flags = {
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 50, min: 1, max: MOST }),
    before: Flags.integer({ helpValue: 'N', summary: 'What came before its Nth event.', min: 1 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(History);
    const { readScheduleHistory } = await import('../../queries/schedule.ts');
    const events = await readScheduleHistory(args.name, flags);
    this.log(
      formatTable(
        ['N', 'TIME', 'EVENT', 'ACTOR', 'FACTS'],
        events.map(({ version, recorded_at, type, actor, data }) => [
          String(version),
          recorded_at.toISOString(),
          type,
          actor ?? '',
          factsInShort(data),
        ]),
      ),
    );
    return events;
  }
}
