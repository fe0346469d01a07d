import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { reasonFlag } from '../../cli/reason-flag.ts';
import { subscriptionArgs } from '../../cli/subscription-args.ts';

export default class Resume extends DatabaseCommand {
  static override readonly summary = 'Let a subscription go on that is paused or was stopped.';
  static override readonly description = 'It goes on from where it was.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> billing --reason "the receiver is back"',
  ];

  static override readonly args = subscriptionArgs;

  static override readonly flags = {
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Resume);
    const { resumeSubscription } = await import('../../subscriptions/subscribing.ts');
    await resumeSubscription(args.name, flags.reason);
    this.log(`${args.name} is resumed`);
    return args;
  }
}
