import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { typeCheckFlags } from '../../cli/type-check-flags.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';
import { timesFlags, timesOf } from '../../cli/schedule-flags.ts';
import { localTime } from '../../cli/schedule-text.ts';
import { scheduleArgs } from '../../cli/schedule-args.ts';
import { CATCH_UPS, OVERLAPS } from '../../constants.ts';
import { itemOf, taskFlags, typeCheck } from '../task/enqueue.ts';

export default class Create extends DatabaseCommand {
  static override readonly summary = 'Have a task enqueued again and again.';
  static override readonly description = prose(`
Give one of --cron, --rrule and --every, and the task as to \`pulp task enqueue\`. What would be refused when it is enqueued is refused
now. \`pulp schedule preview\` shows when it comes.

A time of the day that a change of the clock leaves out comes at the first moment after the gap, and one that it repeats comes once; what comes
several times an hour, or every hour, comes in both.`);
  static override readonly examples = [
    `<%= config.bin %> <%= command.id %> nightly --cron '30 2 * * *' --tz Europe/Berlin --task repo.sync --kwargs '{"url": "https://example.org/"}'`,
    '<%= config.bin %> <%= command.id %> poll --every 10m --task feed.poll --overlap queue',
    `<%= config.bin %> <%= command.id %> report --rrule 'FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18;BYMINUTE=0' --task report --catch-up none`,
  ];

  static override readonly args = scheduleArgs;

  static override readonly flags = {
    ...timesFlags,
    task: Flags.string({ helpValue: 'NAME', summary: 'The task type.', required: true }),
    ...taskFlags(({ isSingle }) => isSingle !== true),
    overlap: Flags.option({
      options: OVERLAPS,
      helpValue: 'WHAT',
      summary: `While the task of the one before is not over: ${OVERLAPS.join(', ')}.`,
      default: 'skip' as const,
    })(),
    'catch-up': Flags.option({
      options: CATCH_UPS,
      helpValue: 'WHAT',
      summary: `What is made up for that nobody was there to enqueue: ${CATCH_UPS.join(', ')}; one is the latest.`,
      default: 'one' as const,
    })(),
    actor: actorFlag,
    ...typeCheckFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Create);
    const types = flags.unchecked ? undefined : await typeCheck(flags.tasks);
    const { createScheduleOfItem } = await import('../../tasks/scheduling.ts');
    const { readSchedule } = await import('../../queries/schedule.ts');
    const { isEitherDay } = await import('../../schedules/cron-line.ts');
    await createScheduleOfItem(args.name, timesOf(flags), await itemOf(flags.task, flags), types, {
      overlap: flags.overlap,
      catchUp: flags['catch-up'],
    });
    if (flags.cron !== undefined && isEitherDay(flags.cron)) {
      this.logToStderr('It gives both a day of month and a day of week, and so comes on each of them.');
    }
    await this.noticeIfNobodyWorks(); // it is a worker that leads, and enqueues
    const schedule = await readSchedule(args.name);
    this.log(`${args.name} comes first at ${localTime(schedule.next_at, schedule.time_zone) ?? ''}`);
    return schedule;
  }
}
