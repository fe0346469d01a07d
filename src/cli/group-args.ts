import * as Args from '@oclif/core/args';

/** The argument of a command about one group. */
export const groupArgs = {
  id: Args.string({ description: 'The id of the group.', required: true, ignoreStdin: true }),
};
