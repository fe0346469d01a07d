import { DatabaseCommand } from '../../cli/database-command.ts';
import { subscriptionArgs } from '../../cli/subscription-args.ts';
import { subscriptionText } from '../../cli/subscription-text.ts';

export default class Show extends DatabaseCommand {
  static override readonly summary = 'Show a subscription: how far it has come, and what keeps it.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> billing'];

  static override readonly args = subscriptionArgs;

  async run(): Promise<unknown> {
    const { args } = await this.parse(Show);
    const { readSubscription } = await import('../../queries/subscription.ts');
    const subscription = await readSubscription(args.name);
    this.log(subscriptionText(subscription));
    return subscription;
  }
}
