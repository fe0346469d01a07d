import * as Flags from '@oclif/core/flags';
import { groupArgs } from '../../cli/group-args.ts';
import { groupText } from '../../cli/group-text.ts';
import { prose } from '../../cli/prose.ts';
import { WaitingCommand } from '../../cli/waiting-command.ts';
import { parseDuration } from '../../duration.ts';

export default class Wait extends WaitingCommand {
  static override readonly summary = 'Wait until all tasks of a group are over.';
  static override readonly description = prose(`
Exits with 0 if all completed, with 1 if one did not or the time is up, with 3 if there is no such group. Tasks that are enqueued with it
after all were over are not waited for; a task that was created with --finally is.`);
  static override readonly examples = ['<%= config.bin %> <%= command.id %> nightly --timeout 2h'];

  static override readonly args = groupArgs;

  static override readonly flags = {
    timeout: Flags.string({ helpValue: '10m', summary: 'How long to wait at most. Default: without limit.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Wait);
    const { waitForGroup } = await import('../../tasks/grouping.ts');
    const { readGroup } = await import('../../queries/task-group.ts');
    const { waiting, running, canceling } = await readGroup(args.id);
    if (waiting + running + canceling > 0) await this.noticeIfNobodyWorks();
    const group = await waitForGroup(
      args.id,
      flags.timeout === undefined ? {} : { timeout: parseDuration(flags.timeout, '--timeout') },
    );
    this.log(groupText(group));
    if (group.completed < group.members) this.exitWith(1);
    return group;
  }
}
