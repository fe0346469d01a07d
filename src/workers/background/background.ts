import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Log } from '../../log.ts';
import type { HorseMessage, LeavingMessage } from '../horses/guardian.ts';
import type { WorkerOrders } from '../lease/heartbeat.ts';
import { Lease } from '../lease/lease.ts';

/** What the thread is told when it is made. */
export interface BackgroundData {
  readonly databaseUrl: string;
  readonly worker: string;
  readonly standIn: boolean;
  /** What the marks of all horses begin with. */
  readonly mark: string;
  readonly lease: SharedArrayBuffer;
  /** One Int32: how many tasks were finished since the latest sign of life. */
  readonly finished: SharedArrayBuffer;
}

/** What a worker says to its thread. */
export type ToBackground =
  /** Give signs of life for this incarnation; undefined: for none. */
  | { readonly type: 'registered'; readonly incarnation: string | undefined }
  /** Give a sign of life at once. */
  | { readonly type: 'beat' }
  /** It takes nothing new any more, and need not lead. */
  | { readonly type: 'stopping' }
  /** It is about to say that it ends: signs of life would be out of place. */
  | { readonly type: 'farewell' }
  /** It ends without having said so, or with what it still runs: the guardian is to see to that. */
  | LeavingMessage
  | HorseMessage
  /** End; at once: without waiting for the database. */
  | { readonly type: 'end'; readonly atOnce: boolean };

/** What the thread says to its worker. */
export type FromBackground =
  /** It has tried to connect: if it could, signs of life get through at once. */
  | { readonly type: 'ready' }
  | { readonly type: 'log'; readonly level: keyof Log; readonly fields: object; readonly message: string }
  /** A sign of life of this incarnation got through. */
  | { readonly type: 'confirmed'; readonly incarnation: string; readonly orders: WorkerOrders }
  /** Whether notifications come late, if at all. */
  | { readonly type: 'untold'; readonly untold: boolean }
  /** This incarnation was declared missing: its lease is revoked. */
  | { readonly type: 'over'; readonly incarnation: string };

export interface BackgroundSettings extends Omit<BackgroundData, 'finished' | 'lease' | 'mark'> {
  readonly log: Log;
  readonly onConfirmed: (incarnation: string, orders: WorkerOrders) => void;
  readonly onOver: (incarnation: string) => void;
  /** See `isUntold`: it has changed. */
  readonly onUntold: () => void;
  /** The thread failed; it begins anew, and until a sign of life is confirmed nothing is known of it. */
  readonly onFailed: () => void;
}

const THREAD_FILE = new URL(`./background-thread${extname(import.meta.url)}`, import.meta.url);

/** How long the thread may take to end its connections, in milliseconds. */
const STOP_MS = 2000;

/** A thread that failed is made anew after so long, in milliseconds: it may fail again at once. */
const AGAIN_MS = 200;

/**
 * What a worker does beside running tasks: it gives the signs of life that prolong its lease, has a guardian, and stands for
 * election as resource manager. That has a thread of its own, so that code of a task that holds up the worker's event
 * loop makes nobody think the worker dead, and holds up nobody's reservations.
 */
export class Background implements AsyncDisposable {
  readonly lease = new Lease();
  readonly mark = `${randomBytes(16).toString('hex')}.`; // none can guess it
  readonly #settings: BackgroundSettings;
  readonly #counter = new Int32Array(new SharedArrayBuffer(4));
  readonly #horses = new Map<number, HorseMessage>();
  #inline: HorseMessage | undefined;
  readonly #ready = Promise.withResolvers<void>();
  #isUntold = false;
  #endsAtOnce = false;
  #thread: Worker | undefined;
  #incarnation: string | undefined;

  constructor(settings: BackgroundSettings) {
    this.#settings = settings;
  }

  /**
   * Starts the thread, if it is not there, and waits until it has tried to connect. A lease that begins before that may be over before its first sign of
   * life where many workers start at once.
   */
  ready(): Promise<void> {
    this.#thread ??= this.#start();
    return this.#ready.promise;
  }

  /** Gives signs of life for this incarnation from now on, undefined: for none; stands for election from the first one on. */
  registered(incarnation: string | undefined): void {
    this.#incarnation = incarnation;
    this.#tell({ type: 'registered', incarnation });
  }

  /** Whether notifications come late, if at all: who relies on them has to look often. */
  get isUntold(): boolean {
    return this.#isUntold;
  }

  /** Gives a sign of life at once, whose answer says what the worker was told to do. */
  beat(): void {
    this.#tell({ type: 'beat' });
  }

  /** The worker takes nothing new any more. */
  stopping(): void {
    this.#tell({ type: 'stopping' });
  }

  /** The worker is about to say that it ends: no more signs of life are given. If it cannot say so, it is `leaving`. */
  farewell(): void {
    this.#tell({ type: 'farewell' });
  }

  /**
   * The worker ends without having said so, or with what it still runs: its guardian sees to that, and reports it.
   *
   * @param isInlineInHand whether code of tasks runs in this process: it has to end with it
   * @param inHand the fences of all runs that the worker knows of
   */
  leaving(isInlineInHand: boolean, inHand: readonly string[]): void {
    this.#tell({ type: 'leaving', isInlineInHand, inHand });
  }

  /** The database may not answer: when this ends, it does not wait for that. */
  endAtOnce(): void {
    this.#endsAtOnce = true;
  }

  /** Tells the guardian of a horse, or of code in this process. */
  guard(message: HorseMessage): void {
    if (message.type === 'watch') this.#horses.set(message.pid, message);
    if (message.type === 'forget') this.#horses.delete(message.pid);
    if (message.type === 'inline') this.#inline = message;
    this.#tell(message);
  }

  /** Counts tasks that were finished, for the rate that the next sign of life tells. */
  countFinished(tasks: number): void {
    Atomics.add(this.#counter, 0, tasks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#thread = undefined;
    const ended = once(thread, 'exit');
    thread.postMessage({ type: 'end', atOnce: this.#endsAtOnce } satisfies ToBackground);
    const late = new AbortController();
    await Promise.race([ended, pause(STOP_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    await thread.terminate();
  }

  #start(): Worker {
    const { log, onConfirmed, onOver, onUntold, onFailed, databaseUrl, worker, standIn } = this.#settings;
    const workerData: BackgroundData = {
      ...{ databaseUrl, worker, standIn, mark: this.mark },
      lease: this.lease.memory,
      finished: this.#counter.buffer,
    };
    const thread = new Worker(THREAD_FILE, { workerData });
    thread.on('message', (message: FromBackground) => {
      if (message.type === 'ready') this.#ready.resolve();
      else if (message.type === 'log') log[message.level](message.fields, message.message);
      else if (message.type === 'confirmed') onConfirmed(message.incarnation, message.orders);
      else if (message.type === 'untold') {
        this.#isUntold = message.untold;
        onUntold();
      } else onOver(message.incarnation);
    });
    thread.on('error', (error: unknown) => {
      log.error({ err: error }, 'the background thread of the worker failed; it begins anew');
    });
    thread.on('exit', () => {
      this.#ready.resolve();
      if (this.#thread !== thread) return;
      onFailed();
      setTimeout(() => {
        if (this.#thread !== thread) return;
        this.#thread = this.#start();
        for (const message of [this.#inline, ...this.#horses.values()])
          if (message !== undefined) this.#tell(message);
        this.#tell({ type: 'registered', incarnation: this.#incarnation });
      }, AGAIN_MS);
    });
    return thread;
  }

  #tell(message: ToBackground): void {
    this.#thread?.postMessage(message);
  }
}
