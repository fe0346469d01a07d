import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { groupArgs } from '../../cli/group-args.ts';
import { prose } from '../../cli/prose.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';

export default class Cancel extends DatabaseCommand {
  static override readonly summary = 'Cancel the tasks of a group that are not over.';
  static override readonly description = prose(`
One that waits is canceled at once; of one that runs, the code is told to end. That goes for the task that was to run last, too. A thousand
are dealt with at a time: what is broken off can be run again. Exits with 3 if there is no such group.`);
  static override readonly examples = [
    `<%= config.bin %> <%= command.id %> nightly --reason 'the mirror is down'`,
    '<%= config.bin %> <%= command.id %> nightly --dry-run',
  ];

  static override readonly args = groupArgs;

  static override readonly flags = {
    'dry-run': Flags.boolean({ summary: 'Do nothing: tell how many tasks it is about.' }),
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Cancel);
    const { readGroup } = await import('../../queries/task-group.ts');
    const group = await readGroup(args.id);
    if (flags['dry-run']) {
      const tasks = group.waiting + group.running;
      this.logToStderr(`It is about ${tasks} ${tasks === 1 ? 'task' : 'tasks'}.`);
      return { tasks };
    }
    const { cancelGroup } = await import('../../tasks/grouping.ts');
    const states = await cancelGroup(args.id, flags.reason);
    const parts = Object.entries(states).map(([state, number]) => `${number} ${state}`);
    this.log(parts.length === 0 ? 'All its tasks were over.' : `now ${parts.join(', ')}`);
    return { states };
  }
}
