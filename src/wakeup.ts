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
    const over = Promise.withResolvers<boolean>();
    const timer = setTimeout(over.resolve, ms, false); // not by a signal, whose abort makes an error each time
    try {
      return await Promise.race([this.#called.promise.then(() => true), over.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
