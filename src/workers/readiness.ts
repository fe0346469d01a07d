/** What a worker needs to take tasks. */
export type Need = 'heartbeat' | 'directory' | 'horse';

/** Whether a worker is able to take tasks: it is, unless something that it needs is wanting. */
export class Readiness {
  readonly #wanting = new Map<Need, string>();
  readonly #onChange: () => void;

  /**
   * @param needs what is not known to be there yet
   * @param reason what to say of that
   */
  constructor(needs: readonly Need[], reason: string, onChange: () => void) {
    this.#wanting = new Map(needs.map((need) => [need, reason]));
    this.#onChange = onChange;
  }

  /** Why the worker takes no tasks; undefined: it is able to. */
  get unable(): string | undefined {
    return this.#wanting.size === 0 ? undefined : [...new Set(this.#wanting.values())].join('; ');
  }

  /** Takes note of how a need fares: met, or why it is not. */
  set(need: Need, problem: string | undefined): void {
    if (this.#wanting.get(need) === problem) return;
    if (problem === undefined) this.#wanting.delete(need);
    else this.#wanting.set(need, problem);
    this.#onChange();
  }
}
