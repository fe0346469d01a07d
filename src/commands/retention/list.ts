import { DatabaseCommand } from '../../cli/database-command.ts';
import { retentionTable } from '../../cli/retention-text.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'Show for how long tasks and months of the log are kept.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<unknown> {
    await this.parse(List);
    const { listRetention } = await import('../../queries/retention.ts');
    const retention = await listRetention();
    if (retention.length === 0)
      this.logToStderr('Everything is kept until it is purged or archived by hand.');
    else this.log(retentionTable(retention));
    return retention;
  }
}
