import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';
import { retentionTarget, retentionTargetFlags } from '../../cli/retention-flags.ts';
import { retentionTable } from '../../cli/retention-text.ts';
import { TASK_FINAL_STATES } from '../../constants.ts';
import { parseDuration } from '../../duration.ts';
import { PulpError } from '../../errors.ts';

const keptFlag = (state: string) =>
  Flags.string({ helpValue: '7d|never|default', summary: `For how long tasks that are ${state} stay.` });

export default class Set extends DatabaseCommand {
  static override readonly summary = 'Have tasks purged, and months of the log archived, by themselves.';
  static override readonly description = prose(`
The leader purges tasks (as \`pulp task purge\`) when so much time has passed since their end: of a type as is said of the type, else as
is said of its queue, else as is said of all. What nothing is said of, or never, is kept until it is purged by hand; default takes back what was
said of a state. States that are not named stay as they are.

With --archive-after and --archive-to, the leader archives months of the log (as \`pulp db archive\`) when so much time has passed since
their end: its login has to be the owner of the log, and the folder must be there on its host. For operators.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --completed 7d --failed 90d',
    '<%= config.bin %> <%= command.id %> --type repo.sync --completed 1d --failed never',
    '<%= config.bin %> <%= command.id %> --archive-after 30d --archive-to /var/lib/pulp/archive',
  ];

  static override readonly flags = {
    ...retentionTargetFlags,
    completed: keptFlag('completed'),
    failed: keptFlag('failed'),
    canceled: keptFlag('canceled'),
    skipped: keptFlag('skipped'),
    'archive-after': Flags.string({
      helpValue: '30d',
      summary: 'For how long months of the log stay in it.',
      dependsOn: ['archive-to'],
    }),
    'archive-to': Flags.string({
      helpValue: 'DIR',
      summary: 'The folder for their files, on each host of a worker that can lead.',
      dependsOn: ['archive-after'],
    }),
    actor: actorFlag,
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Set);
    const { 'archive-after': after, 'archive-to': folder } = flags;
    const kept = TASK_FINAL_STATES.flatMap((state) => {
      const text = flags[state];
      return text === undefined ? [] : [[state, keptSeconds(text, `--${state}`)] as const];
    });
    const { kind, name } = retentionTarget(flags);
    if (kept.length === 0 && (after === undefined || name !== undefined)) {
      throw new PulpError('BAD_USAGE', 'say for how long tasks of which state stay', {
        remedy: 'Give --completed, --failed, --canceled or --skipped, or --archive-after and --archive-to.',
        exitCode: 2,
      });
    }
    const log =
      after === undefined || folder === undefined
        ? undefined
        : { seconds: parseDuration(after, '--archive-after') / 1000, folder: resolve(folder) };
    const { listRetention } = await import('../../queries/retention.ts');
    const { setRetention } = await import('../../tasks/keeping.ts');
    if (log !== undefined) await setRetention('log', undefined, log);
    if (kept.length > 0) await setRetention(kind, name, Object.fromEntries(kept));
    const retention = await listRetention();
    if (retention.length > 0) this.log(retentionTable(retention));
    return retention;
  }
}

function keptSeconds(text: string, flag: string): number | 'never' | null {
  if (text === 'never') return text;
  return text === 'default' ? null : parseDuration(text, flag) / 1000;
}
