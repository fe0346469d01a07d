/** How many failures in a row an address may have, and how soon one is forgiven, in milliseconds. */
const BURST = 20;
const FORGIVEN_MS = 1000;

/** How many addresses are kept in mind; beyond that, those that failed longest ago are forgotten. */
const ADDRESSES = 10_000;

/** Limits how often an address may fail to say who it is. */
export class FailureLimit {
  readonly #now: () => number;
  /** When the failures of an address will all be forgiven, by address; the latest to fail last. */
  readonly #forgivenAt = new Map<string, number>();

  /** @param now in milliseconds, by a clock that never steps */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** For how many milliseconds an address may not try again; 0: it may. */
  waitMs(address: string): number {
    const forgivenAt = this.#forgivenAt.get(network(address)) ?? 0;
    return Math.max(0, forgivenAt - this.#now() - (BURST - 1) * FORGIVEN_MS);
  }

  /** An address has failed. */
  add(address: string): void {
    const key = network(address);
    const forgivenAt = Math.max(this.#forgivenAt.get(key) ?? 0, this.#now()) + FORGIVEN_MS;
    this.#forgivenAt.delete(key);
    this.#forgivenAt.set(key, forgivenAt);
    const [oldest] = this.#forgivenAt.keys();
    if (this.#forgivenAt.size > ADDRESSES && oldest !== undefined) this.#forgivenAt.delete(oldest);
  }
}

/** What one user has of addresses: of version 6, a network of 64 bits. */
function network(address: string): string {
  return address.includes(':') && !address.startsWith('::ffff:')
    ? address.split(':').slice(0, 4).join(':')
    : address;
}
