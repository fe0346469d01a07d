import * as Flags from '@oclif/core/flags';

/**
 * The flag of commands that tell of the past. They take `--at` for the same; where tasks are enqueued, that is when they are to start.
 */
export const asOfFlag = Flags.string({
  helpValue: 'TIME',
  aliases: ['at'],
  summary:
    'As it was at a time in ISO 8601, or 10m ago; --at says the same here. (When a task is to start is said by --at of `pulp task enqueue`.)',
});
