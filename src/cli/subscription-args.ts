import * as Args from '@oclif/core/args';

/** The arguments of a command about one subscription. */
export const subscriptionArgs = {
  name: Args.string({ description: 'Its name.', required: true, ignoreStdin: true }),
};
