import * as Flags from '@oclif/core/flags';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { parseDuration } from '../../duration.ts';
import { prose } from '../../cli/prose.ts';
import { USER_ROLES } from '../../http/access/rights.ts';

export default class Create extends DatabaseCommand {
  static override readonly summary = 'Make a token for a user of the server.';
  static override readonly description = prose(`
Prints the token alone on stdout, once: the database keeps a digest of it. It is sent as it is (Authorization: Bearer TOKEN), or as
the password of its actor (Basic), as pulp-cli does. An observer reads; a submitter also enqueues and cancels; an operator also
forgets tasks and runs the engine. The actor stands in the log for all that is done with it.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --role observer --actor grafana',
    '<%= config.bin %> <%= command.id %> --role operator --actor alice --expires-in 90d',
  ];

  static override readonly flags = {
    role: Flags.option({
      options: USER_ROLES,
      helpValue: 'ROLE',
      summary: `One of ${USER_ROLES.join(', ')}.`,
      required: true,
    })(),
    actor: Flags.string({ helpValue: 'NAME', summary: 'Whose it is.', required: true }),
    'expires-in': Flags.string({
      helpValue: '90d',
      summary: 'How long it is good. Default: until it is revoked.',
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Create);
    const length = flags['expires-in'];
    const { createToken } = await import('../../http/access/token.ts');
    const made = await createToken({
      actor: flags.actor,
      role: flags.role,
      ...(length !== undefined && {
        expiresAt: new Date(Date.now() + parseDuration(length, '--expires-in')),
      }),
    });
    this.log(made.token);
    return made;
  }
}
