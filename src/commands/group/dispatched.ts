import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { groupArgs } from '../../cli/group-args.ts';
import { prose } from '../../cli/prose.ts';

export default class Dispatched extends DatabaseCommand {
  static override readonly summary = 'Say that all tasks of a group are enqueued.';
  static override readonly description = prose(`
From then on, none comes but from those that are in it, while they run. What was to run last runs when all others are over.
Exits with 3 if no such group was created.`);
  static override readonly examples = ['<%= config.bin %> <%= command.id %> nightly'];

  static override readonly args = groupArgs;

  static override readonly flags = { actor: actorFlag };

  async run(): Promise<unknown> {
    const { args } = await this.parse(Dispatched);
    const { dispatchGroup } = await import('../../tasks/grouping.ts');
    const { readGroup } = await import('../../queries/task-group.ts');
    await dispatchGroup(args.id);
    const group = await readGroup(args.id);
    this.log(`all tasks of ${args.id} are dispatched`);
    return group;
  }
}
