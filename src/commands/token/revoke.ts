import * as Args from '@oclif/core/args';
import { DatabaseCommand } from '../../cli/database-command.ts';

export default class Revoke extends DatabaseCommand {
  static override readonly summary = 'Revoke tokens.';
  static override readonly description =
    'Servers refuse them within five seconds. Exits with 3 if there is no token of one of the ids.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> 5f0c1d2e3a4b5c6d'];

  static override readonly args = {
    id: Args.string({
      description: 'Ids of tokens, as `pulp token list` shows them.',
      required: true,
      multiple: true,
      ignoreStdin: true,
    }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(Revoke);
    const { revokeToken } = await import('../../http/access/token.ts');
    for (const id of args.id) {
      await revokeToken(id);
      this.log(`${id} revoked`);
    }
    return args.id.map((id) => ({ id, revoked: true }));
  }
}
