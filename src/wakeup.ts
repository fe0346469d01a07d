import { setTimeout as pause } from 'node:timers/promises';

/**
 * What a loop sleeps on: it ends its sleep early when somebody has something for it. Wake-ups between `arm` and `sleep`
 * count, so that none is lost while the loop looks for what there is to do.
 */
export class Wakeup {
  #called = Promise.withResolvers<void>();

  /** Forgets earlier calls: from now on, the loop looks. */
  arm(): void {
    this.#called = Promise.withResolvers();
  }

  /** Ends the sleep, now or when it begins. */
  call(): void {
    this.#called.resolve();
  }

  /** Sleeps for so many milliseconds at most; says whether it was called. */
  async sleep(ms: number): Promise<boolean> {
    const timer = new AbortController();
    const called = await Promise.race([
      this.#called.promise.then(() => true),
      pause(ms, false, { signal: timer.signal }).catch(() => false),
    ]);
    timer.abort();
    return called;
  }
}
