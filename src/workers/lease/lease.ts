import { selfEndMs } from '../../worker-ttl.ts';

const NS_PER_MS = 1e6;

/**
 * A worker's hold on its runs: it lasts from its last sign of life that the database took. It is kept in memory that the
 * threads of the worker share, by the host's monotonic clock, which never steps: the thread of the heartbeats prolongs it,
 * the main thread ends its runs when it is over. The database's lease stands for a while yet then.
 */
export class Lease {
  readonly memory: SharedArrayBuffer;
  readonly #end: BigInt64Array;

  /** @param memory that another thread's lease has */
  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#end = new BigInt64Array(memory);
  }

  /** It begins with the registration that was sent then (`process.hrtime.bigint()`). */
  begin(sentAt: bigint): void {
    Atomics.store(this.#end, 0, sentAt + BigInt(Math.round(selfEndMs() * NS_PER_MS)));
  }

  /**
   * A heartbeat that was sent then got through. Once the lease is over nothing revives it: the guardian may have ended the
   * runs. Says whether it stands.
   */
  prolong(sentAt: bigint): boolean {
    if (!this.stands) return false;
    this.begin(sentAt);
    return true;
  }

  /** It is over: another may have what it covered. */
  revoke(): void {
    Atomics.store(this.#end, 0, 0n);
  }

  /** Whether the worker's runs are its own: else they have to end, and nothing that they say is to be reported. */
  get stands(): boolean {
    return this.leftMs > 0;
  }

  /** How long it lasts if no sign of life gets through any more, in milliseconds. */
  get leftMs(): number {
    return Number(Atomics.load(this.#end, 0) - process.hrtime.bigint()) / NS_PER_MS;
  }
}
