import * as Flags from '@oclif/core/flags';
import { MOST } from '../../cli/counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { subscriptionTable } from '../../cli/subscription-text.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List subscriptions by name, with how far they are behind.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 10 --cursor billing',
  ];

  static override readonly flags = {
    cursor: Flags.string({ helpValue: 'NAME', summary: 'Those that come after this one.' }),
    limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 50, min: 1, max: MOST }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { cursor, limit } = flags;
    const { listSubscriptions } = await import('../../projections/subscription.ts');
    const found = await listSubscriptions({ after: cursor, limit: limit + 1 }); // one more, to know whether there are more
    const subscriptions = found.slice(0, limit);
    if (subscriptions.length === 0) this.logToStderr('There are no subscriptions.');
    else this.log(subscriptionTable(subscriptions));
    if (found.length > limit) {
      this.logToStderr(
        `There are more; these are the first ${limit}. The next: --cursor ${subscriptions.at(-1)?.name ?? ''}`,
      );
    }
    return subscriptions;
  }
}
