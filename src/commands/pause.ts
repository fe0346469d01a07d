import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../cli/actor-flag.ts';
import { DatabaseCommand } from '../cli/database-command.ts';
import { parseDuration } from '../duration.ts';
import { pauseText } from '../cli/pause-text.ts';
import { printable } from '../cli/printable.ts';
import { prose } from '../cli/prose.ts';
import { PAUSE_KINDS } from '../constants.ts';

export default class Pause extends DatabaseCommand {
  static override readonly summary =
    'Pause a queue, a task type, a resource or everything; or show what is paused.';
  static override readonly description = prose(`
Nothing of it begins, what runs goes on. What is enqueued meanwhile waits, and keeps its place in line. With --for it goes on by
itself; else \`pulp resume\` lets it go on. What is paused already is paused anew, with this reason and end. For operators.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> queue default --for 1h --reason "the mirror is being moved"',
    '<%= config.bin %> <%= command.id %> resource /repositories/1/',
    '<%= config.bin %> <%= command.id %> all',
    '<%= config.bin %> <%= command.id %>',
  ];

  static override readonly args = {
    kind: Args.string({
      description: `${PAUSE_KINDS.join(', ')}; left out, what is paused is shown`,
      options: [...PAUSE_KINDS],
    }),
    name: Args.string({ description: 'Which queue, type or resource.' }),
  };

  static override readonly flags = {
    actor: actorFlag,
    for: Flags.string({ helpValue: '1h', summary: 'For how long. Default: until it is resumed.' }),
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Why, for all who ask why they wait.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Pause);
    const kind = PAUSE_KINDS.find((each) => each === args.kind);
    const { listPauses } = await import('../queries/pause.ts');
    if (kind !== undefined) {
      const { pause } = await import('../tasks/pausing.ts');
      const seconds = flags.for === undefined ? undefined : parseDuration(flags.for, '--for') / 1000;
      await pause(kind, args.name, { reason: flags.reason, seconds });
      if (kind === 'queue' || kind === 'type') await this.#noticeIfUnknown(kind, args.name ?? '');
    }
    const pauses = await listPauses();
    if (pauses.length === 0) this.logToStderr('Nothing is paused.');
    for (const each of pauses) this.log(pauseText(each));
    return pauses;
  }

  /** A name that nobody uses yet may be paused beforehand, or be mistyped. */
  async #noticeIfUnknown(kind: 'queue' | 'type', name: string): Promise<void> {
    const { knownNames } = await import('../queries/pause.ts');
    const known = await knownNames(kind);
    if (known.includes(name)) return;
    const { nearest } = await import('../cli/nearest.ts');
    const meant = nearest(name, known);
    this.logToStderr(
      `There is no ${kind} ${printable(name)} yet${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    );
  }
}
