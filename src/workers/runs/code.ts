import type { Outcome } from './outcome.ts';

/** Code of a task that runs, in a horse or inline. */
export interface Code {
  /** How it ended; never rejects. */
  readonly ended: Promise<Outcome>;
  /** Tells it to end. */
  abort(reason: string): void;
  /** Ends it for good, where that can be done. */
  kill(): void;
}
