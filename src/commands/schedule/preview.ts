import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { timesFlags, timesOf } from '../../cli/schedule-flags.ts';
import { localTime } from '../../cli/schedule-text.ts';

export default class Preview extends DatabaseCommand {
  static override readonly summary = 'Show when a schedule comes, or a rule.';
  static override readonly description =
    'What is shown is what will be enqueued: both are worked out by the same function, from the same moment.';
  static override readonly usage = [
    '<%= command.id %> NAME',
    "<%= command.id %> --cron '30 2 * * *' --tz Europe/Berlin",
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> nightly --count 5',
    `<%= config.bin %> <%= command.id %> --cron '30 2 * * *' --tz Europe/Berlin --start 2027-03-27`,
  ];

  static override readonly args = {
    name: Args.string({ description: 'The name of a schedule; else a rule is given.', ignoreStdin: true }),
  };

  static override readonly flags = {
    ...timesFlags,
    count: Flags.integer({ helpValue: 'N', summary: 'How many.', default: 10, min: 1, max: 1000 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Preview);
    const { previewSchedule, readSchedule } = await import('../../queries/schedule.ts');
    const { previewTimes } = await import('../../tasks/scheduling.ts');
    const timeZone = args.name === undefined ? flags.tz : (await readSchedule(args.name)).time_zone;
    const moments =
      args.name === undefined
        ? await previewTimes(timesOf(flags), flags.count)
        : await previewSchedule(args.name, flags.count);
    if (moments.length === 0) this.logToStderr('Nothing comes any more.');
    for (const moment of moments) this.log(localTime(moment, timeZone));
    return moments;
  }
}
