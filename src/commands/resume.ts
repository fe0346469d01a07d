import * as Args from '@oclif/core/args';
import { actorFlag } from '../cli/actor-flag.ts';
import { DatabaseCommand } from '../cli/database-command.ts';
import { reasonFlag } from '../cli/reason-flag.ts';
import { PAUSE_KINDS } from '../constants.ts';

export default class Resume extends DatabaseCommand {
  static override readonly summary = 'Let go on what is paused.';
  static override readonly description =
    '`pulp pause` shows what is paused. Exits with 3 if it is not paused. For operators.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> queue default',
    '<%= config.bin %> <%= command.id %> all --reason "the mirror is back"',
  ];

  static override readonly args = {
    kind: Args.string({ description: PAUSE_KINDS.join(', '), options: [...PAUSE_KINDS], required: true }),
    name: Args.string({ description: 'Which queue, type or resource.' }),
  };

  static override readonly flags = {
    actor: actorFlag,
    reason: reasonFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Resume);
    const { resume } = await import('../tasks/pausing.ts');
    const kind = PAUSE_KINDS.find((each) => each === args.kind) ?? 'all';
    await resume(kind, args.name, { reason: flags.reason });
    this.log(`${[kind, args.name].filter((word) => word !== undefined).join(' ')} goes on`);
    return args;
  }
}
