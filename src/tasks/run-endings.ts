import { parseDuration } from '../duration.ts';

/** Tell what was thrown from other errors, also what another copy of this package made. */
const DISCARD = Symbol.for('pulp-tasking.discard');
const SNOOZE = Symbol.for('pulp-tasking.snooze');

/** Thrown by the code of a task: it fails for good, whatever retries it has left. */
export class Discard extends Error {
  readonly [DISCARD] = true;

  /** @param reason why there is no use in trying again */
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'Discard';
  }
}

/** Thrown by the code of a task: it runs again after a while, and this run counts as none. It lets go of its resources until then. */
export class Snooze extends Error {
  readonly [SNOOZE] = true;
  /** For so long. */
  readonly seconds: number;

  /**
   * @param length seconds, or a text such as `10m`
   * @throws PulpError INVALID_INPUT if it is not a length of time
   */
  constructor(length: number | string, reason = 'not yet', options?: ErrorOptions) {
    super(reason, options);
    this.name = 'Snooze';
    this.seconds = parseDuration(String(length), 'Snooze') / 1000;
  }
}

export function isDiscard(thrown: unknown): thrown is Discard {
  return thrown instanceof Error && DISCARD in thrown;
}

export function isSnooze(thrown: unknown): thrown is Snooze {
  return thrown instanceof Error && SNOOZE in thrown;
}
