import type { Claim } from './engine-model.ts';

/**
 * Stands beside the workers and sees what they run, from when a start was answered until a finish is about to be sent.
 * It needs no log to see that two of them hold what only one may. Of a worker that somebody gives up it sees nothing more
 * until its next birth: such a worker does not know yet that what it does is void.
 */
export class Witness {
  readonly #seen = new Map<string, { readonly worker: string; readonly claims: readonly Claim[] }>();
  readonly #lost = new Set<string>();
  readonly #givenUp: string[] = [];
  readonly #conflicts: string[] = [];

  /** To be called before a birth is asked for. */
  isBorn(worker: string): void {
    this.isLost(worker);
    if (!this.#givenUp.includes(worker)) this.#lost.delete(worker);
  }

  isLost(worker: string): void {
    this.#lost.add(worker);
    for (const [task, run] of this.#seen) if (run.worker === worker) this.#seen.delete(task);
  }

  /** Gives a worker up by what is done; it may have been born anew by the time that this works. */
  async isGivenUp(worker: string, how: () => Promise<unknown>): Promise<void> {
    this.isLost(worker);
    this.#givenUp.push(worker);
    await how();
    this.#givenUp.splice(this.#givenUp.indexOf(worker), 1);
  }

  begins(worker: string, task: string, claims: readonly Claim[]): void {
    if (this.#lost.has(worker)) return;
    for (const [other, { claims: theirs }] of this.#seen) {
      const contested = claims.find(({ resource, mode }) =>
        theirs.some((their) => their.resource === resource && [their.mode, mode].includes('exclusive')),
      );
      if (contested !== undefined)
        this.#conflicts.push(`${task} and ${other} run on ${contested.resource} at once`);
    }
    this.#seen.set(task, { worker, claims });
  }

  ends(task: string): void {
    this.#seen.delete(task);
  }

  get conflicts(): readonly string[] {
    return this.#conflicts;
  }
}
