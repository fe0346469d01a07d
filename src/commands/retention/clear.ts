import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { retentionTarget, retentionTargetFlags } from '../../cli/retention-flags.ts';

export default class Clear extends DatabaseCommand {
  static override readonly summary = 'Take back what was said of for how long something is kept.';
  static override readonly description =
    'Then what is said of all counts, or it is kept until it is purged or archived by hand. Exits with 3 if nothing was said. For operators.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --type repo.sync',
    '<%= config.bin %> <%= command.id %> --archive',
  ];

  static override readonly flags = {
    ...retentionTargetFlags,
    archive: Flags.boolean({ summary: 'Of months of the log.', exclusive: ['queue', 'type'] }),
    actor: actorFlag,
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Clear);
    const { kind, name } = flags.archive
      ? ({ kind: 'log', name: undefined } as const)
      : retentionTarget(flags);
    const { clearRetention } = await import('../../tasks/keeping.ts');
    await clearRetention(kind, name);
    this.log(`nothing is said any more of ${[kind, name].filter((word) => word !== undefined).join(' ')}`);
    return { kind, name: name ?? '' };
  }
}
