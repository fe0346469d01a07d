import * as Args from '@oclif/core/args';
import { POLICIES } from '../../constants.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';

export default class Policy extends DatabaseCommand {
  static override readonly summary = 'Show whether callers are apart, or set it.';
  static override readonly description = prose(`
shared: callers see and cancel each other's tasks. owner: a submitter sees and cancels his own tasks only, and nothing of the log; an
observer sees all tasks, but neither their payloads nor the log; workers and operators see and act on all. Set by the owner of the
schema alone; a change is an event in the log.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> owner',
  ];

  static override readonly args = {
    policy: Args.string({
      description: 'shared or owner; left out, the present one is shown',
      options: [...POLICIES],
    }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(Policy);
    const { readPolicy, setPolicy } = await import('../../queries/policy.ts');
    if (args.policy !== undefined) await setPolicy(args.policy);
    const policy = await readPolicy();
    this.log(policy);
    return { policy };
  }
}
