import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { selfFenceMs } from '../../manager/worker-ttl.ts';
import { processStat } from '../../processes/process-stat.ts';
import { GUARDED_VARIABLE } from './marked-processes.ts';

const GUARDIAN_FILE = fileURLToPath(
  new URL(`./guardian-process${extname(import.meta.url)}`, import.meta.url),
);

/** A guardian that ended sooner than this is replaced only then, in milliseconds: something may be wrong with all of them. */
const MIN_LIFE_MS = 1000;

/**
 * A small process that outlives its worker, however that ends, just long enough to kill the worker's horses and whatever
 * they started. It learns of the worker's end by that of a pipe. It does so too when the worker is stopped (SIGSTOP) for most of
 * the TTL: others will take it for lost, and may run the same tasks. It is made when there is the first to watch, and again
 * should it be killed.
 */
export class Guardian {
  readonly #mark: string;
  readonly #log: Logger;
  readonly #watched = new Map<number, string>();
  #process: ChildProcess | undefined;
  #ended = false;

  /** @param mark what the marks of all horses begin with */
  constructor(mark: string, log: Logger) {
    this.#mark = mark;
    this.#log = log;
  }

  /** Watches over a process of this one that leads a process group. */
  watch(pid: number): void {
    const order = `+${pid} ${processStat(pid)?.startTime ?? ''}\n`;
    this.#watched.set(pid, order);
    if (this.#process === undefined) this.#start();
    else this.#tell(order);
  }

  /** The process and its group are gone. */
  forget(pid: number): void {
    if (this.#watched.delete(pid)) this.#tell(`-${pid}\n`);
  }

  /** Lets the guardian do its work now, and go. */
  end(): void {
    this.#ended = true;
    this.#process?.stdin?.end();
  }

  #tell(order: string): void {
    this.#process?.stdin?.write(order);
  }

  #start(): void {
    if (this.#ended) return;
    const startedAt = performance.now();
    const child = spawn(process.execPath, [GUARDIAN_FILE, String(process.pid), String(selfFenceMs())], {
      detached: true, // a session of its own: neither the terminal's signals nor a kill of our group reach it
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      // Nothing else of ours: a worker may itself run in a horse, and bear its mark.
      env: { [GUARDED_VARIABLE]: this.#mark },
    });
    this.#process = child;
    let isGone = false;
    const onGone = (how: string) => {
      if (isGone || this.#ended) return;
      isGone = true;
      this.#log.warn({ how }, 'the guardian of the horses ended; a new one is made');
      const wait = Math.max(0, startedAt + MIN_LIFE_MS - performance.now());
      setTimeout(() => {
        this.#start();
      }, wait).unref();
    };
    child.once('error', (error) => {
      onGone(error.message);
    });
    child.once('exit', (code, signal) => {
      onGone(signal ?? `code ${code ?? 'unknown'}`);
    });
    const { stdin } = child;
    if (!(stdin instanceof Socket)) return; // there was no process at all
    stdin.on('error', () => undefined); // it is gone, which its exit tells
    child.unref();
    stdin.unref(); // neither keeps this process alive
    stdin.write([...this.#watched.values()].join(''));
  }
}
