import * as Args from '@oclif/core/args';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';

export default class UnmarkSecret extends DatabaseCommand {
  static override readonly summary = 'Take back the mark of a secret.';
  static override readonly description = prose(`
What any release of a task type marked as secret stays so, whoever publishes the type later. This takes the mark back for a place that
is a secret no more; a worker whose code still marks it marks it again. For the owner of the schema; it is an event in the log.`);
  static override readonly examples = ['<%= config.bin %> <%= command.id %> repo.sync kwargs.token'];

  static override readonly args = {
    type: Args.string({ description: 'name of the task type', required: true }),
    place: Args.string({
      description: 'where it is: kwargs.token, args.1, kwargs.keys.* for each of them',
      required: true,
    }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(UnmarkSecret);
    const { unmarkSecret } = await import('../../tasks/published-secrets.ts');
    await unmarkSecret(args.type, args.place);
    this.log(`${args.place} of ${args.type} is marked as a secret no more`);
    return args;
  }
}
