import type { LogEvent } from '../../events/read.ts';
import { LogRewoundError } from '../../errors.ts';
import { tellError } from '../problem.ts';

/** How often something is written where nothing happens, so that nobody takes the connection for dead, in milliseconds. */
const BEAT_MS = 15_000;

/** How long a client may read nothing of what waits for it, in milliseconds. */
const PATIENCE_MS = 120_000;

/** What a browser is to wait before it connects again, in milliseconds. */
const RETRY_MS = 1000;

/** What a stream of events is made with. */
export interface EventStreamOptions {
  readonly events: AsyncGenerator<LogEvent, void, undefined>;
  /** Aborted with the reason for it once the client may not have them any more. */
  readonly refused: AbortSignal;
  /** Ends what gives the events. */
  readonly leave: () => void;
  /** Cuts the connection, since its client reads nothing. */
  readonly cut: () => void;
}

/**
 * Events as server-sent events: `id` is the cursor, by which a client that was cut off goes on. Nothing is read before the client
 * has taken what was before it. When the log was rewound, the last event is `rewound`; when the client may have no more, `failed`.
 */
export function eventStream({ events, refused, leave, cut }: EventStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<LogEvent, void>> | undefined;
  let stuck: NodeJS.Timeout | undefined;
  const end = () => {
    clearTimeout(stuck);
    leave();
    void events.return(); // it may not have been asked for more since it gave its last one
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      },
      pull: async (controller) => {
        clearTimeout(stuck);
        next ??= events.next();
        const coming = await orBeat(next);
        const came = refused.aborted ? (refused.reason as Error) : coming;
        if (came === undefined) {
          controller.enqueue(encoder.encode(':\n\n'));
        } else if (came instanceof Error) {
          controller.enqueue(encoder.encode(failureText(came)));
        } else if (came.done !== true) {
          next = undefined;
          controller.enqueue(encoder.encode(eventText(came.value)));
        }
        if (came instanceof Error || came?.done === true) {
          end();
          controller.close();
          return;
        }
        stuck = setTimeout(() => {
          end();
          cut();
        }, PATIENCE_MS);
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );
}

/** What comes; undefined if it takes so long that something else is to be written first. */
async function orBeat<T>(coming: Promise<T>): Promise<T | Error | undefined> {
  const { promise: beat, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, BEAT_MS, undefined);
  try {
    return await Promise.race([coming, beat]);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
  }
}

function eventText(event: LogEvent): string {
  return `id: ${event.cursor}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Why the stream ends; of what was not foreseen, nothing but that. */
function failureText(error: Error): string {
  const name = error instanceof LogRewoundError ? 'rewound' : 'failed';
  return `event: ${name}\ndata: ${JSON.stringify(tellError(error).body)}\n\n`;
}
