import { leaseMs } from '../worker-ttl.ts';

/** What each worker's row bears that changes with every sign of life, by name: see `pulp.worker_mark`. */
export type WorkerMarks = Readonly<Record<string, string>>;

/**
 * Which workers are silent, as one observer sees it: it has seen the same mark for a whole lease by its own monotonic clock.
 * What it has not seen itself counts for nothing, neither the database's clock nor another observer's.
 */
export class SilenceObserver {
  readonly #seen = new Map<string, { readonly mark: string; readonly since: number }>();

  /** Takes note of what was seen at a time, in milliseconds of a monotonic clock: of all workers that there are. */
  observe(marks: WorkerMarks, now: number): void {
    for (const name of this.#seen.keys()) if (!Object.hasOwn(marks, name)) this.#seen.delete(name);
    for (const [name, mark] of Object.entries(marks)) {
      if (this.#seen.get(name)?.mark !== mark) this.#seen.set(name, { mark, since: now });
    }
  }

  /** The workers that are silent at a time, with the mark that they have borne for so long. */
  silentAt(now: number): WorkerMarks {
    return Object.fromEntries(
      [...this.#seen]
        .filter(([, { since }]) => now - since >= leaseMs())
        .map(([name, { mark }]) => [name, mark]),
    );
  }
}
