import { setTimeout as pause } from 'node:timers/promises';

/** How often it is looked whether a thing has come true, in milliseconds. */
const LOOK_MS = 20;

/**
 * Waits for what tells nobody when it comes true: the end of another process's child, a row of a database that restarts.
 *
 * @param what it waits for, in words for the error
 * @param look gives the thing once it is there, else `undefined` or `false`; what it throws counts as "not yet"
 * @throws Error once the time (milliseconds, default 20 s) is up; its cause is what `look` threw last
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { timeout = 20_000 }: { readonly timeout?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (let cause: unknown; ;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeout / 1000} s`, { cause });
    await pause(LOOK_MS);
  }
}
