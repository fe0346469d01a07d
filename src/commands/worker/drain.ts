import * as Args from '@oclif/core/args';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';

export default class Drain extends DatabaseCommand {
  static override readonly summary = 'Tell a worker to finish what it runs, and end.';
  static override readonly description = prose(`
From anywhere, as its first SIGTERM does where it runs: it takes nothing new. Whatever started it may start it anew. Exits with 3 if
there is no such worker. For operators.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> worker-1@host --reason "new kernel"',
  ];

  static override readonly args = { name: Args.string({ description: 'Its name.', required: true }) };

  static override readonly flags = {
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Drain);
    const { drainWorker } = await import('../../workers/orders.ts');
    await drainWorker(args.name, flags.reason);
    this.log(`${args.name} finishes what it runs, and ends`);
    return args;
  }
}
