import { DatabaseCommand } from '../../cli/database-command.ts';
import { formatTable } from '../../cli/table.ts';

export default class List extends DatabaseCommand {
  static override readonly summary = 'List the tokens of users of the server.';
  static override readonly description =
    'The latest come first, also those that were revoked. None can be seen again.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<unknown> {
    await this.parse(List);
    const { listTokens } = await import('../../http/access/token.ts');
    const tokens = await listTokens();
    if (tokens.length === 0) {
      this.logToStderr('There are no tokens: `pulp token create` makes one.');
      return tokens;
    }
    const time = (at: Date | null) => at?.toISOString() ?? '-';
    this.log(
      formatTable(
        ['ID', 'ACTOR', 'ROLE', 'CREATED', 'BY', 'EXPIRES', 'REVOKED'],
        tokens.map((token) => [
          token.id,
          token.actor,
          token.role,
          time(token.created_at),
          token.created_by,
          time(token.expires_at),
          time(token.revoked_at),
        ]),
      ),
    );
    return tokens;
  }
}
