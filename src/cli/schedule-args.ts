import * as Args from '@oclif/core/args';

/** The arguments of a command about one schedule. */
export const scheduleArgs = {
  name: Args.string({ description: 'Its name.', required: true, ignoreStdin: true }),
};
