import type { HttpBindings } from '@hono/node-server';
import { z } from 'zod';
import { EVENT_TYPES } from '../../events/event-types.ts';
import { currentCursor, EVENT_KINDS, eventRow, readEvents } from '../../events/read.ts';
import { answer, operation, type Operation } from '../api/operation.ts';
import { integer, list, moment } from '../api/parameters.ts';
import { HttpError } from '../http-error.ts';
import { EventHub } from './event-hub.ts';
import { eventStream } from './event-stream.ts';
import type { Log } from '../../log.ts';

const STREAM_TYPE = 'text/event-stream';

/** How many may listen at once. */
const MOST_LISTENERS = 1000;

const type = z.enum(Object.keys(EVENT_TYPES) as (keyof typeof EVENT_TYPES)[]);

/** How often to ask whether who listens still may, in milliseconds. */
const CONFIRM_MS = 1000;

/** Signs of life are not followed: each listener would hear each of them. */
const FOLLOWED_KINDS = EVENT_KINDS.filter((kind) => kind !== 'heartbeat');

const filterParameters = {
  type: list(type),
  stream: z.string().optional().describe("Of the stream of this id: a task's id, a worker's name."),
};

/** @param stopping ends streams when the server is to end */
export function eventOperations(log: Log, stopping: AbortSignal): readonly Operation[] {
  const hub = new EventHub(log);
  let listeners = 0;
  return [
    operation({
      id: 'list_events',
      method: 'get',
      path: '/api/v1/events',
      summary:
        'Read the log, in its order. A reader that goes on from each cursor gets each event exactly once.',
      right: 'read',
      query: z.strictObject({
        ...filterParameters,
        kind: list(z.enum(EVENT_KINDS)),
        since: moment().optional().describe('Recorded at or after it.'),
        after: z.string().optional().describe('The cursor of a page or an event; default: the beginning.'),
        limit: integer({ min: 1, max: 1000 }).prefault('100'),
      }),
      answers: {
        200: {
          description: 'A page of events.',
          schema: z.object({
            events: z.array(eventRow.meta({ id: 'Event' })),
            cursor: z.string().describe('From where to go on.'),
            caught_up: z.boolean().describe('Whether there was nothing more to read.'),
          }),
        },
      },
      run: async ({ query }) => {
        const { type: types, kind: kinds, ...rest } = query;
        const { events, cursor, caughtUp } = await readEvents({ ...rest, types, kinds });
        return answer(200, { events, cursor, caught_up: caughtUp });
      },
    }),
    operation({
      id: 'follow_events',
      method: 'get',
      path: '/api/v1/events/stream',
      summary:
        'Follow the log, as server-sent events. With Last-Event-ID, or `after`, it goes on without a gap.',
      right: 'read',
      query: z.strictObject({
        ...filterParameters,
        kind: list(z.enum(FOLLOWED_KINDS)),
        after: z.string().optional().describe('The cursor of an event; default: what comes from now on.'),
      }),
      answers: {
        200: {
          description: 'Events, each with its cursor as its id.',
          schema: z.string(),
          type: STREAM_TYPE,
        },
      },
      run: async ({ query, context, confirm }) => {
        const headers = { 'Content-Type': STREAM_TYPE, 'X-Accel-Buffering': 'no' };
        if (context.req.method === 'HEAD') return new Response(null, { headers });
        if (listeners >= MOST_LISTENERS) {
          throw new HttpError(503, 'TOO_MANY_LISTENERS', 'too many follow the log by this server', {
            remedy: 'Follow it by another server, or by less connections.',
            headers: { 'Retry-After': '10' },
          });
        }
        const gone = new AbortController();
        const refused = new AbortController();
        const signal = AbortSignal.any([gone.signal, stopping, refused.signal]);
        const { outgoing } = context.env as HttpBindings;
        // Who goes while this looks has gone for good: it tells no second time.
        if (!outgoing.closed) {
          listeners += 1;
          const confirming = setInterval(() => {
            confirm().catch((error: unknown) => {
              if (error instanceof HttpError) refused.abort(error); // else it could not be found out for now
            });
          }, CONFIRM_MS);
          outgoing.once('close', () => {
            listeners -= 1;
            clearInterval(confirming);
            gone.abort();
          });
        }
        const after = context.req.header('last-event-id') ?? query.after ?? (await currentCursor());
        await readEvents({ after, limit: 1 }); // what is wrong with it, or with who asks, has a status of its own
        const { type: types, kind: kinds, stream } = query;
        const body = eventStream({
          events: hub.listen({ after, types, kinds, stream, signal }),
          refused: refused.signal,
          leave: () => {
            gone.abort();
          },
          cut: () => {
            outgoing.destroy();
          },
        });
        return new Response(body, { headers });
      },
    }),
  ];
}
