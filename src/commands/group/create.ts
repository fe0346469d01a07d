import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { actorFlag } from '../../cli/actor-flag.ts';
import { typeCheckFlags } from '../../cli/type-check-flags.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';
import { PulpError } from '../../errors.ts';
import { isOfLastTask } from '../../tasks/enqueue-options.ts';
import { itemOf, taskFlags, typeCheck } from '../task/enqueue.ts';

const itemFlags = taskFlags(isOfLastTask);

/** What says something of the task that runs last. */
const itemFlagNames: readonly string[] = [...Object.keys(itemFlags), 'unchecked', 'tasks'];

export default class Create extends DatabaseCommand {
  static override readonly summary = 'Create a group of tasks.';
  static override readonly description = prose(`
Prints its id alone on stdout. Give it to \`pulp task enqueue --group\`, and say \`pulp group dispatched\` when all its tasks are enqueued.

With --finally, a task runs when all others of the group are over, however they ended, and all are dispatched. It is enqueued now; the flags
of \`pulp task enqueue\` are for it.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --description "all mirrors"',
    `<%= config.bin %> <%= command.id %> nightly --finally repo.publish --kwargs '{"version": 7}' --resource /repositories/1/`,
  ];

  static override readonly args = {
    id: Args.string({ description: 'An id of your own. Default: one that is made up.', ignoreStdin: true }),
  };

  static override readonly flags = {
    description: Flags.string({ helpValue: 'TEXT', summary: 'What it is, in words.' }),
    finally: Flags.string({ helpValue: 'NAME', summary: 'The type of a task that runs last.' }),
    ...itemFlags,
    actor: actorFlag,
    ...typeCheckFlags,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Create);
    const { finally: last, description, ...said } = flags;
    const stray = Object.keys(said).find((name) => itemFlagNames.includes(name));
    if (last === undefined && stray !== undefined) {
      throw new PulpError('BAD_USAGE', `--${stray} is about the task that runs last, and there is none`, {
        remedy: 'Give --finally, or leave it out.',
        exitCode: 2,
      });
    }
    const { createGroupOf } = await import('../../tasks/grouping.ts');
    const { writeItem } = await import('../../tasks/written-item.ts');
    const { toItem } = await import('../../tasks/task-columns.ts');
    const types = last === undefined || said.unchecked ? undefined : await typeCheck(said.tasks);
    const item = last === undefined ? undefined : { ...(await itemOf(last, said)), unique: false };
    const group = await createGroupOf({
      id: args.id,
      description,
      finally: item === undefined ? undefined : toItem(await writeItem(item, types)),
    });
    this.log(group.id);
    if (group.finallyTask !== null) this.logToStderr(`Its last task is ${group.finallyTask}.`);
    return { id: group.id, finally_task: group.finallyTask };
  }
}
