import { listByNameFlags, ListByNameCommand } from '../../cli/list-by-name-command.ts';
import { subscriptionTable } from '../../cli/subscription-text.ts';

export default class List extends ListByNameCommand {
  static override readonly summary = 'List subscriptions by name, with how far they are behind.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 10 --cursor billing',
  ];

  static override readonly flags = listByNameFlags();

  async run(): Promise<unknown> {
    const { flags } = await this.parse(List);
    const { listSubscriptions } = await import('../../queries/subscription.ts');
    return this.showPage(flags, {
      of: 'subscriptions',
      list: listSubscriptions,
      table: subscriptionTable,
      nameOf: ({ name }) => name,
    });
  }
}
