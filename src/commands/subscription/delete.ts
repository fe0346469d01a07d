import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';
import { subscriptionArgs } from '../../cli/subscription-args.ts';

export default class Delete extends DatabaseCommand {
  static override readonly summary = 'Delete a subscription.';
  static override readonly description = 'What happened to it stays in the log.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> billing --reason "nobody reads it"',
  ];

  static override readonly args = subscriptionArgs;

  static override readonly flags = {
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Delete);
    const { deleteSubscription } = await import('../../subscriptions/subscribing.ts');
    await deleteSubscription(args.name, flags.reason);
    this.log(`${args.name} is deleted`);
    return args;
  }
}
