import * as Args from '@oclif/core/args';
import { actorFlag } from '../../cli/actor-flag.ts';
import { LimitCommand } from '../../cli/limit-command.ts';
import { parseRate } from '../../cli/limit-text.ts';
import { prose } from '../../cli/prose.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';

export default class Rate extends LimitCommand {
  static override readonly summary =
    'Say how often a resource is granted at most; or show the limits of one, or all.';
  static override readonly description = prose(`
So many claims are granted within any such time, by the database's clock, whatever they claim; who waits is served in the order of
coming. A task counts when it is granted its claims, and anew when it is tried again.

/queues/NAME/ and /types/NAME/ limit all tasks of a queue or a type that are enqueued from then on. For operators.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> /api.example.org/ 100/min',
    '<%= config.bin %> <%= command.id %> /queues/mail/ 5/30s --reason "the relay asked for it"',
    '<%= config.bin %> <%= command.id %> /api.example.org/ none',
  ];

  static override readonly args = {
    url: Args.string({ description: 'The resource, as tasks claim it.', ignoreStdin: true }),
    rate: Args.string({
      description: 'How many in which time, such as 100/min, 10/s, 5/30s, 1000/h; none: without limit.',
      ignoreStdin: true,
    }),
  };

  static override readonly flags = { actor: actorFlag, reason: reasonFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Rate);
    if (args.url !== undefined && args.rate !== undefined) {
      const { setRate } = await import('../../tasks/resource-limits.ts');
      await setRate(args.url, parseRate(args.rate), { reason: flags.reason });
    }
    return this.showLimits(args.url);
  }
}
