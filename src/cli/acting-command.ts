import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import { isUuid } from '../new-task-id.ts';
import { MissingResourceError, PulpError } from '../errors.ts';
import { APT_STATES, type TaskState } from '../constants.ts';
import type { TaskFilter } from '../queries/task-filter.ts';
import type { Act, TaskAfter } from '../tasks/acting.ts';
import { actorFlag } from './actor-flag.ts';
import { DatabaseCommand } from './database-command.ts';
import { errorReport, errorText } from './report-error.ts';
import { hasTaskFilter, taskFilter, taskFilterFlags } from './task-filter-flags.ts';
import { taskTable } from './task-table.ts';

/** How many tasks a preview shows. */
const SAMPLE = 5;

/** How many that were named are dealt with in one transaction: who waits for one of them holds up no more than these. */
const TOGETHER = 100;

/** The arguments of a command that does something to tasks: those named, or all that match. */
export const actingArgs = {
  id: Args.string({
    description: 'Ids of tasks; none: all that match the filters.',
    multiple: true,
    ignoreStdin: true,
  }),
};

/** The flags of a command that does something to tasks. */
export const actingFlags = {
  ...taskFilterFlags,
  'dry-run': Flags.boolean({ summary: 'Do nothing: show how many tasks it is about, and some of them.' }),
  actor: actorFlag,
  yes: Flags.boolean({ char: 'y', summary: 'Do not ask before many tasks are changed.' }),
};

/** What is to be done to which tasks. */
export interface Order {
  readonly ids: readonly string[];
  readonly flags: InferredFlags<typeof actingFlags>;
  readonly act: Act;
  /** What it is called in a question and in a sentence about what was done. */
  readonly words: { readonly verb: string; readonly done: string };
  /** It has led to what was wanted if a task is in one of these states after it. */
  readonly wanted: readonly TaskState[];
}

/** A command that does the same to one task or many. */
export abstract class ActingCommand extends DatabaseCommand {
  /** @returns what `--json` prints: each task named with its state after it, or how many there are of each state */
  protected async carryOut(order: Order): Promise<unknown> {
    const byFilter = hasTaskFilter(order.flags);
    if (byFilter === order.ids.length > 0) {
      const problem = byFilter
        ? 'give ids of tasks or filters, and not both'
        : 'say which tasks: by ids or filters';
      throw new PulpError('BAD_USAGE', problem, {
        remedy: 'Filters are those of `pulp task list`; with --dry-run nothing is done.',
        exitCode: 2,
      });
    }
    return byFilter ? this.#actOnMatching(order) : this.#actOnNamed(order);
  }

  async #actOnNamed({ ids, flags, act, words, wanted }: Order): Promise<unknown> {
    if (flags['dry-run']) {
      await this.#tellOfMissing(ids);
      return this.#preview({ ids: ids.filter(isUuid), states: APT_STATES[act.verb] }, words.verb);
    }
    const { actOn } = await import('../tasks/acting.ts');
    const after = new Map<string, TaskAfter>();
    for (let from = 0; from < ids.length; from += TOGETHER) {
      const known = ids.slice(from, from + TOGETHER).filter(isUuid);
      for (const task of await actOn(known, act)) after.set(task.id, task);
    }
    return ids.map((id) => {
      const task = after.get(id.toLowerCase());
      if (task !== undefined) {
        this.log(`${id} ${task.state}`);
        if (!wanted.includes(task.state)) {
          this.logToStderr(
            `task ${id} is ${task.state}: only tasks that are ${APT_STATES[act.verb].join(' or ')} can be ${words.done}`,
          );
          process.exitCode ??= 1;
        }
        return task;
      }
      return { id, error: errorReport(this.#missing(id)) };
    });
  }

  async #tellOfMissing(ids: readonly string[]): Promise<void> {
    const { listTasks } = await import('../queries/task.ts');
    for (let from = 0; from < ids.length; from += TOGETHER) {
      const some = ids.slice(from, from + TOGETHER);
      const there = await listTasks({ ids: some.filter(isUuid), limit: TOGETHER, brief: true });
      for (const id of some) if (!there.some((task) => task.id === id.toLowerCase())) this.#missing(id);
    }
  }

  /** Tells that there is no such task. */
  #missing(id: string): MissingResourceError {
    const error = new MissingResourceError(id);
    this.logToStderr(errorText(error));
    process.exitCode = error.exitCode;
    return error;
  }

  async #actOnMatching({ flags, act, words }: Order): Promise<unknown> {
    const filter = this.#filterOf(flags, APT_STATES[act.verb]);
    const found = await this.#preview(filter, words.verb);
    if (flags['dry-run'] || found.tasks === 0) return found;
    if (!flags.yes) await confirm(`${words.verb} ${plural(found.tasks)}?`);
    const { actOn } = await import('../tasks/acting.ts');
    const { matchingTasks } = await import('../queries/matching-tasks.ts');
    const counts: Partial<Record<TaskState, number>> = {};
    let done = 0;
    for await (const ids of matchingTasks(filter)) {
      for (const { state } of await actOn(ids, act)) counts[state] = (counts[state] ?? 0) + 1;
      done += ids.length;
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${found.tasks}`);
    }
    if (process.stderr.isTTY) process.stderr.write('\n');
    const parts = Object.entries(counts).map(([state, number]) => `${number} ${state}`);
    this.log(`${plural(done)}: now ${parts.join(', ') || 'none'}`);
    return { tasks: done, states: counts };
  }

  /** Those that it does not apply to are not looked for; that it applies to none of the states asked for is an error. */
  #filterOf(flags: Order['flags'], states: readonly TaskState[]): TaskFilter {
    const asked = flags.state ?? states;
    const apt = states.filter((state) => asked.includes(state));
    if (apt.length === 0) {
      throw new PulpError('BAD_USAGE', `it does not apply to tasks that are ${asked.join(' or ')}`, {
        remedy: `It applies to tasks that are ${states.join(', ')}.`,
        exitCode: 2,
      });
    }
    return { ...taskFilter({ ...flags, state: undefined }), state: undefined, states: apt };
  }

  async #preview(filter: TaskFilter, verb: string): Promise<{ tasks: number; sample: readonly string[] }> {
    const { countTasks, listTasks } = await import('../queries/task.ts');
    const tasks = await countTasks(filter);
    const sample = await listTasks({ ...filter, limit: SAMPLE, brief: true });
    if (tasks === 0) this.logToStderr(`There are no such tasks to ${verb.toLowerCase()}.`);
    else {
      this.logToStderr(`${verb} ${plural(tasks)}${tasks > SAMPLE ? ', the newest of them' : ''}:`);
      this.logToStderr(taskTable(sample));
    }
    return { tasks, sample: sample.map(({ id }) => id) };
  }
}

function plural(tasks: number): string {
  return tasks === 1 ? '1 task' : `${tasks} tasks`;
}

/** Asks somebody at a terminal; a program has to say so beforehand. @throws PulpError NOT_CONFIRMED */
async function confirm(question: string): Promise<void> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const { createInterface } = await import('node:readline/promises');
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      if (/^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())) return;
    } finally {
      terminal.close();
    }
  }
  throw new PulpError('NOT_CONFIRMED', 'nothing was done', {
    remedy: 'Say --yes to go on without a question, or --dry-run to only look.',
    exitCode: 2,
  });
}
