import { execFile } from 'node:child_process';
import type { Logger } from 'pino';

/** How long a notification may take, in milliseconds: systemd confirms each. */
const PATIENCE_MS = 5000;

/**
 * Tells systemd how this process fares (sd_notify), by the program `systemd-notify`: Node has no datagram sockets of the
 * Unix domain. Where systemd has not asked for it by `NOTIFY_SOCKET`, nothing happens.
 *
 * If a watchdog is on, this process's event loop calls it from the first moment on, and then at half of its time. A start that
 * takes long is prolonged by the same sign, for as long as the event loop turns.
 */
export class SystemdNotifier implements AsyncDisposable {
  readonly #socket: string | undefined;
  readonly #log: Logger;
  readonly #watchdog: NodeJS.Timeout | undefined;
  #isReady = false;
  #hasFailed = false;
  #sent: Promise<void> = Promise.resolve();

  private constructor(socket: string | undefined, watchdogUs: number, log: Logger) {
    this.#socket = socket;
    this.#log = log;
    if (socket === undefined || !(watchdogUs > 0)) return;
    const call = () => {
      const prolonged = this.#isReady ? [] : [`EXTEND_TIMEOUT_USEC=${watchdogUs}`];
      this.#send(['WATCHDOG=1', ...prolonged]);
    };
    call();
    this.#watchdog = setInterval(call, watchdogUs / 2000).unref();
  }

  /** Takes the settings out of the environment, so that no task inherits them and speaks in our name. */
  static take(log: Logger, environment: NodeJS.ProcessEnv = process.env): SystemdNotifier {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUs, WATCHDOG_PID: pid } = environment;
    delete environment['NOTIFY_SOCKET'];
    delete environment['WATCHDOG_USEC'];
    delete environment['WATCHDOG_PID'];
    const isForUs = pid === undefined || Number(pid) === process.pid;
    return new SystemdNotifier(socket === '' ? undefined : socket, isForUs ? Number(watchdogUs) : 0, log);
  }

  /** It has started, or does again what it is for. */
  ready(status: string): void {
    this.#isReady = true;
    this.#send(['READY=1', statusLine(status)]);
  }

  /** What people see in `systemctl status`. */
  status(status: string): void {
    this.#send([statusLine(status)]);
  }

  /** It is about to end. */
  stopping(status: string): void {
    this.#send(['STOPPING=1', statusLine(status)]);
  }

  /** Waits until all is said. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watchdog);
    await this.#sent;
  }

  /** One after another, so that the last status is the last one said. */
  #send(assignments: readonly string[]): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#sent = this.#sent.then(() => this.#run(socket, assignments));
  }

  #run(socket: string, assignments: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: socket };
      execFile('systemd-notify', assignments, { env, timeout: PATIENCE_MS }, (error) => {
        if (error !== null && !this.#hasFailed) {
          this.#hasFailed = true;
          this.#log.warn({ err: error }, 'cannot notify systemd');
        }
        resolve();
      });
    });
  }
}

/** One line: another one would be an assignment of its own. */
function statusLine(text: string): string {
  return `STATUS=${text.replaceAll(/\p{Cc}+/gu, ' ')}`;
}
