import { setTimeout as pause } from 'node:timers/promises';
import { parseDuration } from '../duration.ts';
import { PulpError } from '../errors.ts';
import { currentDatabase, inDatabase } from '../postgres/current-database.ts';
import { retrying } from '../postgres/retry.ts';
import { releaseHold, renewHold, requestHold } from './hold-requests.ts';
import { resourceNames, type Resource } from './resource.ts';

/** How resources are held. */
export interface HoldOptions {
  /** Resources that others may share with it. */
  readonly sharedResources?: readonly Resource[];
  /** Of resources with a capacity that it shares: how many units of each it takes. */
  readonly units?: Readonly<Record<string, number>>;
  /** What for, for all who ask why they wait. */
  readonly reason?: string | undefined;
  /** For how long at most, from when it is granted: seconds, or a text such as `30m`. Default: until it is let go of. */
  readonly for?: number | string | undefined;
  /** Ends the wait in line. */
  readonly signal?: AbortSignal | undefined;
}

/** For how long a hold is taken to be alive after a sign of life, in seconds. */
const LEASE_SECONDS = 30;

/** How often it gives one, in milliseconds. */
const BEAT_MS = 3000;

/** The first and the longest pause between two looks whether it is granted, in milliseconds. */
const LOOK_MS = { first: 50, longest: 1000 };

/** What of the lease is left for ending what is done under the hold. */
const LEASE_SHARE = 0.8;

/**
 * Stands in line for resources without a task, as tasks do, and resolves when they are granted. They are let go of by `release`, or at the
 * end of the block: `await using hold = await holdResources(['/repositories/1/'], { reason: 'backup' })`.
 *
 * @throws UnsupportedResourceError, PulpError INVALID_INPUT, HOLD_OVER (somebody else let go of it while it waited); the reason of the
 * signal if that ends the wait
 */
export async function holdResources(
  resources: readonly Resource[],
  options: HoldOptions = {},
): Promise<ResourceHold> {
  const { sharedResources = [], units, reason, signal } = options;
  signal?.throwIfAborted();
  const seconds = typeof options.for === 'string' ? parseDuration(options.for, 'for') / 1000 : options.for;
  const names = resourceNames(resources, 'resources');
  const sharedNames = resourceNames(sharedResources, 'sharedResources');
  const id = await requestHold(names, sharedNames, { units, reason, seconds, lease_seconds: LEASE_SECONDS });
  try {
    for (let lookMs = LOOK_MS.first; ; lookMs = Math.min(lookMs * 1.5, LOOK_MS.longest)) {
      const renewedAt = performance.now();
      const { state, fence, until } = await retrying(() => renewHold(id));
      if (state === 'granted' && fence !== null) return new ResourceHold(id, fence, until, renewedAt);
      await pause(lookMs, undefined, { signal });
    }
  } catch (error) {
    await releaseHold(id, 'its caller gave up').catch(() => undefined); // if it cannot be told, its lease runs out
    throw signal?.aborted === true ? signal.reason : error;
  }
}

/** Resources that are held, see `holdResources`. Gives signs of life until it is over. */
export class ResourceHold implements AsyncDisposable {
  readonly id: string;
  /**
   * A token that rises from one holder to the next: whoever takes what is done under holds can refuse a lower one than the
   * last that it has seen.
   */
  readonly fence: number;
  /** When it ends by itself, by the database's clock; null: when it is let go of. */
  readonly until: Date | null;
  /** Where it was asked for: it is let go of there, wherever that is called. */
  readonly #database = currentDatabase();
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #renewedAt: number;
  /** A sign of life that is on its way. */
  #beating: Promise<void> | undefined;
  #hasEnded = false;

  /** @param renewedAt when its last sign of life was on its way, by this process's monotonic clock */
  constructor(id: string, fence: number, until: Date | null, renewedAt: number) {
    this.id = id;
    this.fence = fence;
    this.until = until;
    this.#renewedAt = renewedAt;
    this.#timer = setInterval(() => void this.#beat(), BEAT_MS);
    this.#timer.unref();
  }

  /** Aborts when it is over before it was let go of: the resources may be somebody else's from then on. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Looks now whether it still stands. */
  async check(): Promise<void> {
    await this.#beating; // it may have looked before
    await this.#beat();
    this.signal.throwIfAborted();
  }

  /** Lets go of it. @throws PulpError HOLD_OVER if it was over already */
  async release(reason?: string): Promise<void> {
    this.#end();
    await inDatabase(this.#database, () => releaseHold(this.id, reason));
  }

  /** Lets go of it, if it is not over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    try {
      await inDatabase(this.#database, () => releaseHold(this.id));
    } catch (error) {
      if (!isOver(error)) throw error;
    }
  }

  async #beat(): Promise<void> {
    if (performance.now() - this.#renewedAt > LEASE_SHARE * LEASE_SECONDS * 1000) {
      this.#lose(
        new PulpError('HOLD_OVER', `hold ${this.id} could give no sign of life for too long`, {
          remedy: 'Check the connection to the database.',
        }),
      );
    }
    this.#beating ??= this.#renew().finally(() => {
      this.#beating = undefined;
    });
    await this.#beating;
  }

  async #renew(): Promise<void> {
    try {
      const renewedAt = performance.now();
      await inDatabase(this.#database, () => renewHold(this.id));
      this.#renewedAt = renewedAt;
    } catch (error) {
      if (isOver(error)) this.#lose(error);
      // Whatever else it was, the lease tells how long it may go on.
    }
  }

  #lose(reason: unknown): void {
    if (this.#hasEnded) return; // its holder has let go of it meanwhile
    this.#end();
    this.#lost.abort(reason);
  }

  #end(): void {
    this.#hasEnded = true;
    clearInterval(this.#timer);
  }
}

function isOver(error: unknown): boolean {
  return error instanceof PulpError && error.code === 'HOLD_OVER';
}
