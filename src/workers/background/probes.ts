import { heartbeatIntervalMs } from '../../worker-ttl.ts';
import type { WorkerDirectory } from '../directories/worker-directory.ts';
import type { HorsePool } from '../horses/horse-pool.ts';
import type { Readiness } from '../readiness.ts';
import { RetryPause } from '../retry-pause.ts';

/** Pauses between tries of what the host lacks, in milliseconds. */
const RETRY_PAUSES_MS = [1000, 2000, 5000, 10_000];

export interface ProbesSettings {
  readonly readiness: Readiness;
  readonly directory: WorkerDirectory;
  readonly horses: HorsePool;
}

/** Sees to it that a worker knows whether its host gives it what its tasks need: a directory, and horses that start. */
export class Probes {
  readonly #settings: ProbesSettings;
  readonly #retryPause = new RetryPause(RETRY_PAUSES_MS);
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopped = false;

  constructor(settings: ProbesSettings) {
    this.#settings = settings;
  }

  /** Begins to look after the directory; and whether horses start, if tasks need any. */
  start(usesHorses: boolean): void {
    void this.#probeDirectory();
    if (usesHorses) void this.#probeHorse();
  }

  /** A horse could not run a task: none is to be had until one starts. */
  horseFailed(reason: string): void {
    this.#settings.readiness.set('horse', reason);
    this.#after(this.#retryPause.next(), () => this.#probeHorse());
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #probeDirectory(): Promise<void> {
    const problem = await this.#settings.directory.probe();
    this.#settings.readiness.set('directory', problem);
    this.#after(heartbeatIntervalMs(), () => this.#probeDirectory());
  }

  async #probeHorse(): Promise<void> {
    const problem = await this.#settings.horses.probe();
    if (problem !== undefined) {
      this.horseFailed(problem);
      return;
    }
    this.#settings.readiness.set('horse', undefined);
    this.#retryPause.reset();
  }

  #after(ms: number, probe: () => Promise<void>): void {
    if (this.#isStopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void probe();
    }, ms).unref();
    this.#timers.add(timer);
  }
}
