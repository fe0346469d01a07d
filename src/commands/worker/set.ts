import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { MOST } from '../../counts.ts';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';

export default class Set extends DatabaseCommand {
  static override readonly summary = 'Give a worker another number of tasks to have in hand.';
  static override readonly description = prose(`
From anywhere, until it ends; what it has beyond that goes on to its end. Exits with 3 if there is no such worker. For operators.`);
  static override readonly examples = ['<%= config.bin %> <%= command.id %> worker-1@host --concurrency 2'];

  static override readonly args = { name: Args.string({ description: 'Its name.', required: true }) };

  static override readonly flags = {
    actor: actorFlag,
    concurrency: Flags.integer({
      helpValue: 'N',
      summary: 'How many tasks it has in hand.',
      required: true,
      min: 1,
      max: MOST,
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Set);
    const { setWorker } = await import('../../workers/orders.ts');
    await setWorker(args.name, flags);
    this.log(`${args.name} is to have ${flags.concurrency} tasks in hand`);
    return { ...args, concurrency: flags.concurrency };
  }
}
