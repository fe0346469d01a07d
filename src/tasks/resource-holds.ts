import { setTimeout as pause } from 'node:timers/promises';
import { parseDuration } from '../duration.ts';
import { PulpError } from '../errors.ts';
import { currentDatabase, inDatabase } from '../postgres/current-database.ts';
import { retrying } from '../postgres/retry.ts';
import { mayPass, reasonOf } from '../postgres/sql-error.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { Outage, outages } from '../waiting/outages.ts';
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
  /** Ends the wait in line: nothing is granted once it has aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** For how long a hold is taken to be alive after a sign of life, in seconds. */
const LEASE_SECONDS = 30;

/** How often it gives one, in milliseconds. */
const BEAT_MS = 3000;

/** The first and the longest pause between two looks whether it is granted, in milliseconds. */
const LOOK_MS = { first: 50, longest: 1000 };

/** What is left of the lease when a hold without a sign of life counts as lost, in milliseconds: for ending what is done under it. */
const LEFT_AT_LOSS_MS = 0.2 * LEASE_SECONDS * 1000;

/** How long letting go is tried, in milliseconds: what could not be told runs out by its lease. */
const LETTING_GO_MS = 5000;

/**
 * Stands in line for resources without a task, as tasks do, and resolves when they are granted. They are let go of by `release`, or at the
 * end of the block: `await using hold = await holdResources(['/repositories/1/'], { reason: 'backup' })`. A caller that waits keeps
 * its place through an outage of the database that is shorter than the lease (30 s); a longer one may cost it.
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
  const request = { units, reason, seconds, lease_seconds: LEASE_SECONDS };
  const asking = requestHold(names, sharedNames, request);
  await unlessAborted(asking, signal);
  try {
    return await awaitGrant(asking, signal);
  } catch (error) {
    // What is given up while the request is on its way is let go of when that has come through.
    await letGo(async () => releaseHold(await asking, 'its caller gave up')).catch(() => undefined);
    throw error;
  }
}

/** Waits until a hold is granted, through outages of the database. @throws the reason of the signal as soon as that aborts */
async function awaitGrant(asking: Promise<string>, signal: AbortSignal | undefined): Promise<ResourceHold> {
  const outage = new Outage();
  for (let lookMs = LOOK_MS.first; ; lookMs = Math.min(lookMs * 1.5, LOOK_MS.longest)) {
    signal?.throwIfAborted();
    const id = await asking;
    try {
      const renewedAt = performance.now();
      const renewed = await unlessAborted(renewHold(id), signal);
      signal?.throwIfAborted(); // what was granted together with that is let go of
      outage.over();
      if (renewed?.state === 'granted' && renewed.fence !== null)
        return new ResourceHold(id, renewed.fence, renewed.until, renewedAt);
    } catch (error) {
      outage.lasts(error);
    }
    await unlessAborted(pause(lookMs), signal);
  }
}

/** Lets go of a hold if it is not over. What the database cannot be told within some seconds is told to whoever listens. */
async function letGo(release: () => Promise<void>): Promise<void> {
  let untold: unknown = new Error('it does not answer');
  const telling = retrying(release).then(
    () => true,
    (error: unknown) => {
      if (isOver(error)) return true; // also by what was told before, and got no answer
      if (!mayPass(error)) throw error;
      untold = error;
      return false;
    },
  );
  if ((await unlessAborted(telling, AbortSignal.timeout(LETTING_GO_MS))) === true) return;
  const warning = `the database could not be told that a hold is let go of (${reasonOf(untold)}): others get what it held when its lease of ${LEASE_SECONDS} s is over`;
  if (!outages.emit('untold', warning)) process.emitWarning(warning);
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
  #lossTimer: NodeJS.Timeout | undefined;
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
    this.#awaitLoss();
  }

  /** Aborts when it is over before it was let go of: the resources may be somebody else's from then on. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** For how many milliseconds it stands without another sign of life, by this process's clock: by then what is done under it has to have ended. */
  get leftMs(): number {
    return LEASE_SECONDS * 1000 - (performance.now() - this.#renewedAt);
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

  /**
   * Lets go of it, if it is not over. What was done under it is done: that the database is away for some seconds is no error, but a warning of
   * the process, since the lease runs out by itself.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.signal.aborted) return;
    this.#end();
    await inDatabase(this.#database, () => letGo(() => releaseHold(this.id)));
  }

  async #beat(): Promise<void> {
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
      if (!this.#hasEnded) this.#awaitLoss();
    } catch (error) {
      if (isOver(error)) this.#lose(error);
      // Whatever else it was, the lease tells how long it may go on.
    }
  }

  #awaitLoss(): void {
    clearTimeout(this.#lossTimer);
    const lose = () => {
      this.#lose(
        new PulpError('HOLD_OVER', `hold ${this.id} could give no sign of life for too long`, {
          remedy: 'Check the connection to the database.',
        }),
      );
    };
    this.#lossTimer = setTimeout(lose, this.leftMs - LEFT_AT_LOSS_MS).unref();
  }

  #lose(reason: unknown): void {
    if (this.#hasEnded) return; // its holder has let go of it meanwhile
    this.#end();
    this.#lost.abort(reason);
  }

  #end(): void {
    this.#hasEnded = true;
    clearInterval(this.#timer);
    clearTimeout(this.#lossTimer);
  }
}

function isOver(error: unknown): boolean {
  return error instanceof PulpError && error.code === 'HOLD_OVER';
}
