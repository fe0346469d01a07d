import { signal } from '@preact/signals';
import type { LogEvent } from '../../events/read.ts';
import type { Wire } from './wire.ts';
import { ApiError, request } from './client.ts';

/** An event of the log. */
export type PageEvent = Wire<LogEvent>;

/** How long to wait before connecting again, in milliseconds. */
const AGAIN_MS = 1000;

/** How often to look for those who may not hear what happens, in milliseconds. */
const POLL_MS = 2000;

/** Whether what happens is heard as it happens; `polling`: who asks may not, and what is shown is looked at anew again and again. */
export const liveness = signal<'live' | 'polling' | 'cut'>('cut');

const listeners = new Set<(event: PageEvent) => void>();
const gaps = new Set<() => void>();

/** Hears of what happens until it is ended; `gap`: some may have been missed. Gives what ends it. */
export function listen(hear: (event: PageEvent) => void, gap: () => void): () => void {
  listeners.add(hear);
  gaps.add(gap);
  return () => {
    listeners.delete(hear);
    gaps.delete(gap);
  };
}

/**
 * Follows the log for the whole page until it is aborted, and goes on where it was cut off. By `fetch` and not by EventSource,
 * which cannot send a token. A tab that nobody sees follows nothing: a browser keeps few connections to one server.
 */
export async function followLog(signal: AbortSignal): Promise<void> {
  let cursor = '';
  while (!signal.aborted) {
    if (document.hidden) {
      cursor = '';
      await visibilityChange(signal);
      continue;
    }
    const unseen = new AbortController();
    void visibilityChange(AbortSignal.any([signal, unseen.signal])).then(() => {
      unseen.abort();
    });
    try {
      const response = await request(
        '/api/v1/events/stream?kind=task&kind=worker&kind=resource&kind=system',
        {
          signal: AbortSignal.any([signal, unseen.signal]),
          headers: cursor === '' ? {} : { 'last-event-id': cursor },
        },
      );
      liveness.value = 'live';
      if (cursor === '') for (const gap of gaps) gap(); // what came between a first look and now
      for await (const { id, event, data } of messages(response)) {
        if (event === 'rewound' || event === 'failed') {
          cursor = '';
          break;
        }
        cursor = id;
        const told = JSON.parse(data) as PageEvent;
        for (const hear of listeners) hear(told);
      }
    } catch (error) {
      if (error instanceof ApiError) {
        if (error.status === 401) return;
        if (error.status === 403 || error.code === 'TOO_MANY_LISTENERS') {
          poll(signal);
          return;
        }
        if (error.status !== 0) cursor = '';
      }
    }
    if (document.hidden) continue;
    unseen.abort();
    liveness.value = 'cut';
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** Resolves when the tab comes into view or goes out of it, or the signal is aborted. */
function visibilityChange(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      document.removeEventListener('visibilitychange', done);
      resolve();
    };
    document.addEventListener('visibilitychange', done);
    signal.addEventListener('abort', done);
  });
}

/** In place of following: has everything looked at again and again. */
function poll(signal: AbortSignal): void {
  liveness.value = 'polling';
  const timer = setInterval(() => {
    for (const gap of gaps) gap();
  }, POLL_MS);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
  });
}

interface Message {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** The messages of a stream of server-sent events, those without data left out. */
async function* messages(response: Response): AsyncGenerator<Message> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => splitField(line)));
      const data = fields.get('data');
      if (data !== undefined) yield { id: fields.get('id') ?? '', event: fields.get('event') ?? '', data };
    }
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}
