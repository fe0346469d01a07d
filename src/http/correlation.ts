import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { TRACEPARENT, type TraceContext } from '../tasks/tracing.ts';

const HEADER = 'Correlation-ID';

const GUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** What a client says that joins its requests; undefined if it says nothing that is a GUID. */
export function requestCorrelation(context: Context): string | undefined {
  const given = context.req.header(HEADER);
  return given !== undefined && GUID.test(given) ? given : undefined;
}

/** The span that makes a request; undefined if it does not say one, or not as W3C Trace Context has it. */
export function requestTrace(context: Context): TraceContext | undefined {
  const traceparent = context.req.header('traceparent');
  if (traceparent === undefined || !TRACEPARENT.test(traceparent)) return undefined;
  const tracestate = context.req.header('tracestate');
  return tracestate === undefined || tracestate.length > 512 ? { traceparent } : { traceparent, tracestate };
}

/**
 * Gives back what a client says that joins its requests, or another one for what is no GUID. A client that says nothing is given
 * nothing: Pulp's clients would send it on with what follows.
 */
export const echoCorrelation: MiddlewareHandler = async (context, next) => {
  await next();
  const given = context.req.header(HEADER);
  if (given !== undefined) context.res.headers.set(HEADER, requestCorrelation(context) ?? randomUUID());
};
