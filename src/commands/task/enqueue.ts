import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import { actorFlag } from '../../cli/actor-flag.ts';
import { enqueueFlags, itemOptions, type FlagValues } from '../../cli/enqueue-flags.ts';
import { printable } from '../../cli/printable.ts';
import { prose } from '../../cli/prose.ts';
import { repeatedFlag } from '../../cli/repeated-flag.ts';
import { typeCheckFlags } from '../../cli/type-check-flags.ts';
import { WaitingCommand } from '../../cli/waiting-command.ts';
import { PulpError } from '../../errors.ts';
import { ITEM_KEYS, type EnqueueOption } from '../../tasks/enqueue-options.ts';
import type { TaskTypeCheck } from '../../tasks/task-type-check.ts';

/** What can be said of any task, beside its options. */
const argumentFlags = {
  args: Flags.string({ helpValue: 'JSON', summary: 'Positional arguments: a JSON array.' }),
  kwargs: Flags.string({ helpValue: 'JSON', summary: 'Named arguments: a JSON object.' }),
  resource: repeatedFlag({
    helpValue: 'URL',
    summary: 'A resource that no other task may touch while this one runs.',
  }),
};

/** What can be said of one task; a file says it in each of its lines. */
export function taskFlags(isTaken?: (option: EnqueueOption) => boolean) {
  return { ...enqueueFlags(isTaken), ...argumentFlags };
}

export default class Enqueue extends WaitingCommand {
  static override readonly summary = 'Enqueue a task, or many from a file.';
  static override readonly description = prose(`
Prints the id of the task alone on stdout, so that it pipes.
No two tasks that claim the same resource run at once, unless both share it; tasks with a common resource run in the order
in which they were enqueued.

The task type and its arguments are checked first: by the tasks file at hand if it defines the type, else by what workers
have published. A bad enqueue writes nothing.

With --from each line of the file is a JSON object with the keys ${ITEM_KEYS.join(', ')}.
Blank lines are skipped. All lines are enqueued or, if one is bad, none.`);
  static override readonly usage = [
    '<%= command.id %> NAME [FLAGS]',
    '<%= command.id %> --from FILE [--keep-going] [--unchecked] [--tasks FILE]',
  ];
  static override readonly examples = [
    `<%= config.bin %> <%= command.id %> repo.sync --kwargs '{"url": "https://example.org/repo"}' --resource /repositories/1/`,
    '<%= config.bin %> <%= command.id %> cleanup --delay 10m --retries 3 --wait',
    '<%= config.bin %> <%= command.id %> --from tasks.ndjson',
    '<%= config.bin %> task list --state failed --json | <%= config.bin %> <%= command.id %> --from -',
    `echo '{"name": "repo.sync", "resources": ["/repositories/1/"]}' | <%= config.bin %> <%= command.id %> --from -`,
  ];

  static override readonly args = {
    name: Args.string({ description: 'The task type.', ignoreStdin: true }),
  };

  static override readonly flags = {
    ...taskFlags(),
    wait: Flags.boolean({
      summary: 'Wait for its end: exit 0 if it completed, 1 if it failed or was canceled.',
    }),
    actor: actorFlag,
    ...typeCheckFlags,
    from: Flags.string({
      helpValue: 'FILE',
      summary: 'Enqueue the tasks of an NDJSON file, or of stdin if it is -.',
      exclusive: [...Object.keys(taskFlags()), 'wait'],
    }),
    'keep-going': Flags.boolean({
      summary:
        'Enqueue the good lines, 1,000 in a transaction, and tell of the bad ones: exit 2 if there are any.',
      dependsOn: ['from'],
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Enqueue);
    if ((args.name === undefined) === (flags.from === undefined)) {
      throw new PulpError('BAD_USAGE', 'name a task type or give --from, and not both', {
        remedy: '`pulp task enqueue --help` shows examples.',
        exitCode: 2,
      });
    }
    const types = flags.unchecked ? undefined : await typeCheck(flags.tasks);
    if (flags.from === undefined) return this.#enqueue(await itemOf(args.name, flags), flags.wait, types);
    return flags['keep-going'] ? this.#enqueueGood(flags.from, types) : this.#enqueueAll(flags.from, types);
  }

  async #enqueue(
    item: Readonly<Record<string, unknown>>,
    wait: boolean,
    types?: TaskTypeCheck,
  ): Promise<unknown> {
    const { enqueueWritten } = await import('../../tasks/enqueue-written.ts');
    const { knowingSecrets } = await import('../../tasks/published-secrets.ts');
    const { TaskHandle } = await import('../../tasks/task-handle.ts');
    const { writeItem } = await import('../../tasks/written-item.ts');
    const [id = ''] = await knowingSecrets(async () => enqueueWritten([await writeItem(item, types)]));
    this.log(id);
    if (!wait) return { id };
    await this.noticeIfNobodyWorks();
    const task = await new TaskHandle(id).wait();
    this.reportFailure(task);
    return task;
  }

  async #enqueueAll(file: string, types: TaskTypeCheck | undefined): Promise<unknown> {
    const { openTaskLines } = await import('../../cli/lines.ts');
    const { enqueueLines } = await import('../../tasks/enqueue-lines.ts');
    const ids = await enqueueLines(await openTaskLines(file), types);
    if (ids.length > 0) this.log(ids.join('\n'));
    else this.logToStderr('There are no tasks in it.');
    return { ids };
  }

  async #enqueueGood(file: string, types: TaskTypeCheck | undefined): Promise<unknown> {
    const { openTaskLines } = await import('../../cli/lines.ts');
    const { enqueueGoodLines } = await import('../../tasks/enqueue-lines.ts');
    const ids: string[] = [];
    const refusals: { line: number; code: string; message: string }[] = [];
    for await (const enqueued of enqueueGoodLines(await openTaskLines(file), types)) {
      if (this.jsonEnabled()) ids.push(...enqueued.ids);
      else if (enqueued.ids.length > 0) this.log(enqueued.ids.join('\n'));
      for (const { line, error } of enqueued.refused) {
        process.exitCode = 2;
        if (this.jsonEnabled()) refusals.push({ line, code: error.code, message: error.message });
        else this.logToStderr(printable(`line ${line}: ${error.message}`));
      }
    }
    return { ids, refused: refusals };
  }
}

/** The task that flags describe, with the keys of `pulp.enqueue_batch`. */
export async function itemOf(
  name: string | undefined,
  flags: FlagValues & Partial<InferredFlags<typeof argumentFlags>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { parseJson } = await import('../../tasks/json-text.ts');
  return {
    name,
    args: flags.args === undefined ? undefined : parseJson(flags.args, '--args'),
    kwargs: flags.kwargs === undefined ? undefined : parseJson(flags.kwargs, '--kwargs'),
    resources: flags.resource,
    ...itemOptions(flags),
  };
}

export async function typeCheck(given: readonly string[] | undefined): Promise<TaskTypeCheck> {
  const { loadTaskTypes } = await import('../../tasks/task-registry.ts');
  const { findTasksPaths } = await import('../../tasks/tasks-files.ts');
  const { TaskTypeCheck } = await import('../../tasks/task-type-check.ts');
  const paths = await findTasksPaths(given);
  return new TaskTypeCheck(paths.length === 0 ? undefined : await loadTaskTypes(paths));
}
