import type { Logger } from 'pino';
import { StatusFile, TOUCH_INTERVAL_MS, type LifeState } from './status-file.ts';
import { SystemdNotifier } from '../systemd/systemd-notifier.ts';

/**
 * What a worker shows of itself to those who supervise it: a status file for `pulp worker check`, and what systemd is told.
 * Both signs of life come from the main loop. That they cannot be given is logged, and no reason to end.
 */
export class SignsOfLife implements AsyncDisposable {
  readonly #file: StatusFile;
  readonly #notifier: SystemdNotifier;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #isStopping = false;
  #hasFailed = false;
  #written: Promise<void> = Promise.resolve();

  /**
   * Begins to give them.
   *
   * @param root the root of the workers' directories
   * @param notifier what tells systemd; it ends with this
   * @throws PulpError INVALID_INPUT if no worker can have such a name
   */
  constructor(worker: string, root: string, log: Logger, notifier: SystemdNotifier) {
    this.#file = new StatusFile(root, worker);
    this.#notifier = notifier;
    this.#log = log;
    this.#write(() => this.#file.removeVestiges());
    this.#show('starting');
    this.#timer = setInterval(() => {
      this.#write(() => this.#file.touch());
    }, TOUCH_INTERVAL_MS).unref();
  }

  /** It takes tasks. Resolves when the file says so. */
  async online(): Promise<void> {
    if (this.#isStopping) return;
    this.#show('online');
    this.#notifier.ready('online');
    await this.#written;
  }

  /** It is registered, but takes no tasks for now. Resolves when the file says so. */
  async unable(why: string): Promise<void> {
    if (this.#isStopping) return;
    this.#show('unable', why);
    this.#notifier.status(`unable: ${why}`);
    await this.#written;
  }

  /** It has no session, and tries to get one. What it runs goes on. */
  reconnecting(why: string): void {
    if (this.#isStopping) return;
    this.#show('reconnecting', why);
    this.#notifier.status(`reconnecting: ${why}`);
  }

  /** It finishes what runs, and ends. */
  stopping(why: string): void {
    this.#isStopping = true;
    this.#show('stopping', why);
    this.#notifier.stopping(`stopping: ${why}`);
  }

  /** It has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#write(() => this.#file.remove());
    await Promise.all([this.#written, this.#notifier[Symbol.asyncDispose]()]);
  }

  #show(state: LifeState, why?: string): void {
    this.#write(() => this.#file.write(state, why));
  }

  /** One after another, so that the last state is the last one written. */
  #write(write: () => Promise<void>): void {
    this.#written = this.#written.then(write).catch((error: unknown) => {
      if (!this.#hasFailed) this.#log.warn({ err: error }, 'cannot write the status file');
      this.#hasFailed = true;
    });
  }
}
