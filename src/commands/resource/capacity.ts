import * as Args from '@oclif/core/args';
import { actorFlag } from '../../cli/actor-flag.ts';
import { LimitCommand } from '../../cli/limit-command.ts';
import { parseCapacity } from '../../cli/limit-text.ts';
import { prose } from '../../cli/prose.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';

export default class Capacity extends LimitCommand {
  static override readonly summary =
    'Say how many units there are of a resource; or show the limits of one, or all.';
  static override readonly description = prose(`
A task that claims it exclusively takes all units, one that shares it takes one, or as many as its --units says. Who waits is served
in the order of coming. What is held stays held, also where there are fewer units now.

/queues/NAME/ and /types/NAME/ limit all tasks of a queue or a type that are enqueued from then on. For operators.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> /licenses/solver/ 4',
    '<%= config.bin %> <%= command.id %> /types/repo.sync/ 10 --reason "the mirror asked for it"',
    '<%= config.bin %> <%= command.id %> /licenses/solver/ none',
    '<%= config.bin %> <%= command.id %>',
  ];

  static override readonly args = {
    url: Args.string({ description: 'The resource, as tasks claim it.', ignoreStdin: true }),
    units: Args.string({ description: 'How many units; none: without limit.', ignoreStdin: true }),
  };

  static override readonly flags = { actor: actorFlag, reason: reasonFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Capacity);
    if (args.url !== undefined && args.units !== undefined) {
      const { setCapacity } = await import('../../tasks/resource-limits.ts');
      await setCapacity(args.url, parseCapacity(args.units), { reason: flags.reason });
    }
    return this.showLimits(args.url);
  }
}
