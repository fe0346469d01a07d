import type * as OpenTelemetry from '@opentelemetry/api';
import type { Span, SpanContext } from '@opentelemetry/api';
import { deferredModule } from '../deferred-module.ts';

/** The span that enqueued a task, as W3C Trace Context writes it. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** What is told of a task that is run. */
export interface TracedTask {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly trace_context: TraceContext | null;
}

/** How a traced run ended. */
export interface TracedOutcome {
  readonly outcome: string;
  /** Of one that failed: JSON. */
  readonly error?: string;
}

const openTelemetry = deferredModule('@opentelemetry/api') as () => typeof OpenTelemetry;

/** Where all copies of the API keep what was registered with them. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

/** What our spans are named by. */
const SCOPE = 'pulp-tasking';

/** How the first version of W3C Trace Context writes a span. */
export const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Whether anybody in this process has registered what takes spans. Until then, the API of OpenTelemetry is not loaded. */
export function isTracing(): boolean {
  const registered = (globalThis as { [REGISTRY]?: { readonly trace?: unknown } })[REGISTRY];
  return registered?.trace !== undefined;
}

/**
 * Enqueues within a span of the caller's trace.
 *
 * @param names of the types of the tasks
 * @param send is given what is to travel with the tasks; undefined: nobody traces. Gives their ids
 */
export async function enqueueTraced(
  names: readonly string[],
  send: (traced: TraceContext | undefined) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (!isTracing() || names.length === 0) return send(undefined);
  const { trace, context, SpanKind } = openTelemetry();
  const [name = ''] = names;
  const isAlike = names.every((other) => other === name);
  const span = trace.getTracer(SCOPE).startSpan(isAlike ? `enqueue ${name}` : 'enqueue', {
    kind: SpanKind.PRODUCER,
    attributes: {
      'messaging.system': 'pulp',
      'messaging.operation.name': 'enqueue',
      'messaging.operation.type': 'send',
      ...(isAlike && { 'messaging.destination.name': name }),
      ...(names.length > 1 && { 'messaging.batch.message_count': names.length }),
    },
  });
  try {
    const ids = await context.with(trace.setSpan(context.active(), span), () =>
      send(written(span.spanContext())),
    );
    if (ids.length === 1) span.setAttribute('messaging.message.id', ids[0] ?? '');
    return ids;
  } catch (error) {
    const { name: type, message, code = type } = error as Error & { readonly code?: string };
    fail(span, { code, name: type, message });
    throw error;
  } finally {
    span.end();
  }
}

/** Runs a task's code within a span that follows from the one that enqueued it. The code may not throw. */
export async function runTraced<Ended extends TracedOutcome>(
  task: TracedTask,
  worker: string,
  code: () => Promise<Ended>,
): Promise<Ended> {
  if (!isTracing()) return code();
  const { trace, context, ROOT_CONTEXT, SpanKind } = openTelemetry();
  const cause = read(task.trace_context);
  const parent = cause === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, cause);
  const span = trace.getTracer(SCOPE).startSpan(
    `process ${task.name}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.system': 'pulp',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': task.name,
        'messaging.message.id': task.id,
        'messaging.client.id': worker,
        'pulp.task.attempt': task.attempt,
      },
    },
    parent,
  );
  const ended = await context.with(trace.setSpan(parent, span), code);
  span.setAttribute('pulp.task.outcome', ended.outcome);
  if (ended.error !== undefined) fail(span, JSON.parse(ended.error) as TaskFailure);
  span.end();
  return ended;
}

interface TaskFailure {
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

function fail(span: Span, { code, name, message, stack }: TaskFailure): void {
  span.setAttribute('error.type', code);
  span.recordException({ name, message, ...(stack !== undefined && { stack }) });
  span.setStatus({ code: openTelemetry().SpanStatusCode.ERROR, message });
}

function written({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext | undefined {
  if (!openTelemetry().isSpanContextValid({ traceId, spanId, traceFlags })) return undefined;
  const state = traceState?.serialize() ?? '';
  return {
    traceparent: `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`,
    ...(state !== '' && { tracestate: state }),
  };
}

function read(given: TraceContext | null): SpanContext | undefined {
  const [, traceId, spanId, flags = '0'] = TRACEPARENT.exec(given?.traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  const { createTraceState, isSpanContextValid } = openTelemetry();
  const found: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(given?.tracestate !== undefined && { traceState: createTraceState(given.tracestate) }),
  };
  return isSpanContextValid(found) ? found : undefined;
}
