import * as Flags from '@oclif/core/flags';

/** How the type and the arguments of a task that is enqueued later are checked. */
export const typeCheckFlags = {
  unchecked: Flags.boolean({ summary: 'Although its type is not known, without checking arguments.' }),
  tasks: Flags.string({
    helpValue: 'FILE',
    summary: 'The tasks file to check by. Default: pulp.tasks.{ts,js,mjs} in this folder, if there is one.',
  }),
};
