import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** After so long without work, in milliseconds, memory is given back; then again only when there was work meanwhile. */
const IDLE_MS = 10_000;

/** What V8 gives to whoever asks for it by a flag. */
type CollectGarbage = (options: object) => void;

/**
 * Gives memory back to the system when a thread has had nothing to do for a while: V8 keeps what loading and bursts of work
 * have needed, which in a small process is a third of all, and frees none of it by itself while nothing happens.
 */
export class IdleMemory {
  #timer: NodeJS.Timeout | undefined;
  #collect: CollectGarbage | undefined;
  #isIdle = false;

  /** There is nothing to do for now. */
  idle(): void {
    if (this.#isIdle) return;
    this.#isIdle = true;
    this.#timer = setTimeout(() => {
      this.#giveBack();
    }, IDLE_MS).unref();
  }

  /** There is. */
  busy(): void {
    this.#isIdle = false;
    clearTimeout(this.#timer);
  }

  #giveBack(): void {
    this.#collect ??= garbageCollector();
    this.#collect?.({ type: 'major', execution: 'sync' });
  }
}

/**
 * The flag is set for a context of our own alone: code of tasks sees nothing of it. Undefined if another thread has just taken
 * the flag back.
 */
function garbageCollector(): CollectGarbage | undefined {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('globalThis.gc') as CollectGarbage | undefined;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
