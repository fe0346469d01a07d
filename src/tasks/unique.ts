import { z } from 'zod';

/** How long a task holds its unique key by its state, and what becomes of a request whose key is held: see `Unique`. */
export const UNIQUE_WHILE = ['waiting', 'unfinished'] as const;
export const UNIQUE_THEN = ['keep', 'replace', 'refuse'] as const;

const span = z.union([z.string(), z.number()]);

/** The form of `unique` in a request; what its members may be is checked by `pulp.unique_problem`, for all ways of enqueueing. */
export const uniqueOption = z.union([
  z.boolean(),
  z.strictObject({
    key: z.string().optional(),
    for: span.optional(),
    while: z.enum(UNIQUE_WHILE).optional(),
    then: z.enum(UNIQUE_THEN).optional(),
  }),
]);

/** A task that stands for all that are asked for under its key, as long as it holds it. */
export interface Unique {
  /** What it is to be the only one of its type for. Default: its arguments, so that only an equal task is held off. */
  readonly key?: string | undefined;
  /** How long it holds the key from when it is enqueued, whatever becomes of it: seconds, or a text such as `10m`. */
  readonly for?: number | string | undefined;
  /** Until when it holds the key: until it starts, or until it is final. Default: until it is final, unless `for` is given. */
  readonly while?: (typeof UNIQUE_WHILE)[number] | undefined;
  /**
   * What becomes of a request whose key is held: the task that holds it is given for it; that one is canceled and replaced; or it
   * is refused. Default `keep`.
   */
  readonly then?: (typeof UNIQUE_THEN)[number] | undefined;
}
