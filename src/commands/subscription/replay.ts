import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { LOG_PLACE, parseLogPlace } from '../../cli/log-place.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';
import { subscriptionArgs } from '../../cli/subscription-args.ts';

export default class Replay extends DatabaseCommand {
  static override readonly summary = 'Set a subscription to another place in the log.';
  static override readonly description =
    'It gets what comes after that place, again; or never, if it is set forward. What was archived cannot be given again.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> billing --from 2030-01-31T12:00:00Z',
    '<%= config.bin %> <%= command.id %> billing --from now --reason "what was missed does not matter"',
  ];

  static override readonly args = subscriptionArgs;

  static override readonly flags = {
    from: Flags.string({
      helpValue: LOG_PLACE,
      summary: 'After this position, or since a time in ISO 8601 or 1h ago.',
      required: true,
    }),
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Replay);
    const from = parseLogPlace(flags.from, '--from');
    const { replaySubscription } = await import('../../subscriptions/subscribing.ts');
    const { readSubscription } = await import('../../queries/subscription.ts');
    await replaySubscription(args.name, from, flags.reason);
    const subscription = await readSubscription(args.name);
    this.log(`${args.name} goes on after ${subscription.cursor}`);
    return subscription;
  }
}
