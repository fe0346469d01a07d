import { useEffect, useRef, useState } from 'preact/hooks';
import { listen, type PageEvent } from './api/events.ts';
import { ApiError } from './api/client.ts';

/** How long to wait after a look before the next one, however much happens, in milliseconds. */
const PAUSE_MS = 250;

/** How many times as long as a look took to wait after it: what is dear is looked at less often. */
const REST = 3;

/** How often to look again where the server could not answer, in milliseconds. */
const AGAIN_MS = 2000;

/** What was read, and what went wrong when it was last tried. */
export interface Live<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
}

/** What is looked at anew when something happens. */
export interface LiveOptions<T> {
  /** Whether what happened changes it; default: whatever happens. */
  readonly isTouchedBy?: (event: PageEvent, shown: T | undefined) => boolean;
  /** Whether it is the past, which does not change. */
  readonly isPast?: boolean;
  /** How long to wait between two looks at least, in milliseconds. */
  readonly pauseMs?: number;
  /** How often to look although nothing happens, in milliseconds. */
  readonly everyMs?: number;
}

/**
 * Reads something, and reads it anew when something happens that touches it: at once, but not more often than it pays.
 *
 * @param key what is read: when it changes, it is read anew
 */
export function useLive<T>(
  key: string,
  look: (signal: AbortSignal) => Promise<T>,
  { isTouchedBy = () => true, isPast = false, pauseMs = PAUSE_MS, everyMs }: LiveOptions<T> = {},
): Live<T> {
  const [live, setLive] = useState<Live<T>>({ data: undefined, error: undefined });
  const latest = useRef({ look, isTouchedBy, live });
  latest.current = { look, isTouchedBy, live };
  useEffect(() => {
    const gone = new AbortController();
    let news = Promise.withResolvers<void>();
    const lookAgain = () => {
      news.resolve();
    };
    const watch = async () => {
      while (!gone.signal.aborted) {
        news = Promise.withResolvers(); // what happens during a look is looked at after it
        const began = performance.now();
        let failed = false;
        try {
          const data = await latest.current.look(gone.signal);
          if (!gone.signal.aborted) setLive({ data, error: undefined });
        } catch (error) {
          if (gone.signal.aborted) return;
          const told = error instanceof ApiError ? error : unforeseen(error);
          setLive(({ data }) => ({ data: told.status === 404 ? undefined : data, error: told }));
          if (told.status === 0 || told.status >= 500) lookAgain();
          failed = true;
        }
        const restMs = Math.max(pauseMs, (performance.now() - began) * REST, failed ? AGAIN_MS : 0);
        await new Promise((resolve) => setTimeout(resolve, restMs));
        await news.promise;
      }
    };
    void watch();
    const deaf = isPast
      ? () => undefined
      : listen((event) => {
          if (latest.current.isTouchedBy(event, latest.current.live.data)) lookAgain();
        }, lookAgain);
    const ticker = everyMs === undefined || isPast ? undefined : setInterval(lookAgain, everyMs);
    return () => {
      gone.abort();
      lookAgain();
      clearInterval(ticker);
      deaf();
    };
  }, [key, isPast]);
  return live;
}

function unforeseen(error: unknown): ApiError {
  return new ApiError(-1, {
    detail: error instanceof Error ? error.message : String(error),
    code: 'UNEXPECTED',
    remedy: 'Load the page again.',
  });
}
