import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';
import { subscriptionArgs } from '../../cli/subscription-args.ts';

export default class Pause extends DatabaseCommand {
  static override readonly summary = 'Keep a subscription where it is until it is resumed.';
  static override readonly description =
    'It misses nothing: what comes meanwhile is given when it is resumed. As long as it lags, the log cannot be archived beyond it.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> billing --reason "the receiver is moved"',
  ];

  static override readonly args = subscriptionArgs;

  static override readonly flags = {
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Pause);
    const { pauseSubscription } = await import('../../subscriptions/subscribing.ts');
    await pauseSubscription(args.name, flags.reason);
    this.log(`${args.name} is paused`);
    return args;
  }
}
