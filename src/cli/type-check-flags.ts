import * as Flags from '@oclif/core/flags';

/** How the type and the arguments of a task that is enqueued later are checked. */
export const typeCheckFlags = {
  unchecked: Flags.boolean({ summary: 'Although its type is not known, without checking arguments.' }),
  tasks: Flags.string({
    helpValue: 'PATH',
    summary:
      'A file of task types, or a folder of them, to check by; can be repeated. Default: PULP_TASKS, else pulp.tasks.{ts,js,mjs} in this folder, if there is one.',
    multiple: true,
    multipleNonGreedy: true,
  }),
};
