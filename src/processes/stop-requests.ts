import type { Logger } from 'pino';
import { onEndSignal, type EndSignal } from './end-signals.ts';
import { isNohup, launcherEnd } from './launcher.ts';

/** What can be told to end, first in peace and then at once. */
export interface Stoppable {
  /** How many tasks it has in hand. */
  readonly running: number;
  stop(options: { readonly deadlineMs?: number }): void;
  kill(): void;
}

/** How a worker is to take requests to end. */
export interface StopSettings {
  /** How long what runs may go on after the first request, in milliseconds. Default: without limit. */
  readonly deadlineMs?: number | undefined;
  /** Log of the worker. */
  readonly log: Logger;
  /** The first request has come, and why. */
  readonly onStop: (why: string) => void;
}

/**
 * For how long the same request counts as one, in milliseconds. One Ctrl-C comes several times under npm, pnpm or a shell:
 * from the terminal to the whole process group, and once more from each program that passes it on.
 */
export const REPEAT_MS = 1000;

/** What signals ask for; a terminal that is gone (SIGHUP) asks for the same as SIGTERM. */
type Request = 'SIGTERM' | 'SIGINT';

/** Counts requests to end, where one that comes again within `REPEAT_MS` is the same one. */
export class RequestCount {
  readonly #counted = new Map<Request, number>();
  #count = 0;

  /**
   * @param now in milliseconds, by a clock that never steps
   * @returns how many there were with this one; undefined if it is one that was counted already
   */
  add(request: Request, now: number): number | undefined {
    const before = this.#counted.get(request) ?? -Infinity;
    if (now - before < REPEAT_MS) return undefined;
    this.#counted.set(request, now);
    return ++this.#count;
  }
}

/**
 * Takes requests to end from its making on: SIGTERM, SIGINT and SIGHUP, and the end of the npm that started this process, since
 * neither npm nor its shell passes a SIGTERM on. The first one lets what runs finish; the second one, of signals alone, ends it.
 * Until a worker is there to be told, nothing is in hand, and the process ends at once: as process 1 it would else miss a signal.
 */
export class StopRequests {
  readonly #log: Logger;
  readonly #count = new RequestCount();
  readonly #atOnce = new AbortController();
  #worker: (StopSettings & { readonly worker: Stoppable }) | undefined;

  constructor(log: Logger) {
    this.#log = log;
    onEndSignal(this.#onSignal);
    if (isNohup()) return;
    launcherEnd(() => {
      if (this.#count.add('SIGTERM', performance.now()) === 1)
        this.#stop('the npm that started it has ended');
    });
  }

  /** Aborted by the second request: nothing is to be waited for any more but the end of the worker. */
  get atOnce(): AbortSignal {
    return this.#atOnce.signal;
  }

  /** From now on it is this worker that is told. */
  tell(worker: Stoppable, settings: StopSettings): void {
    this.#worker = { worker, ...settings };
  }

  readonly #onSignal = (signal: EndSignal) => {
    const number = this.#count.add(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM', performance.now());
    if (number === undefined) return;
    if (number === 1) this.#stop(signal);
    else this.#kill(signal);
  };

  #stop(why: string): void {
    if (this.#worker === undefined) {
      this.#log.info({ why }, 'ends before it has begun');
      process.exit(0);
    }
    const { worker, deadlineMs, log, onStop } = this.#worker;
    log.info(
      { signal: why, running: worker.running, deadlineMs },
      'stops when what runs has finished; a second signal ends it, and what runs within its grace',
    );
    onStop(why);
    worker.stop(deadlineMs === undefined ? {} : { deadlineMs });
  }

  #kill(signal: EndSignal): void {
    this.#atOnce.abort();
    if (this.#worker === undefined) return;
    const { worker, log } = this.#worker;
    log.warn(
      { signal, running: worker.running },
      'ends what runs: its tasks are put back or canceled, as their types say',
    );
    worker.kill();
  }
}
