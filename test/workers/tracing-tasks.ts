import { appendFileSync } from 'node:fs';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ExportResultCode } from '@opentelemetry/core';
import { BasicTracerProvider, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { z } from 'zod';
import { defineTask, enqueueWithReservation, getCurrentTask } from '../../src/index.ts';

/** Task types of the tests of traces. Each process that loads them writes its spans to the file TRACE_FILE, one a line. */

/** A span as it is written. */
export interface WrittenSpan {
  readonly name: string;
  readonly kind: number;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly events: readonly string[];
  readonly pid: number;
}

const file = process.env['TRACE_FILE'];
if (file !== undefined) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      spanProcessors: [
        new SimpleSpanProcessor({
          export: (spans, done) => {
            for (const span of spans) appendFileSync(file, `${JSON.stringify(written(span))}\n`);
            done({ code: ExportResultCode.SUCCESS });
          },
          shutdown: () => Promise.resolve(),
        }),
      ],
    }),
  );
}

function written(span: ReadableSpan): WrittenSpan {
  return {
    name: span.name,
    kind: span.kind,
    trace: span.spanContext().traceId,
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId ?? null,
    attributes: span.attributes,
    status: span.status.code,
    events: span.events.map(({ name }) => name),
    pid: process.pid,
  };
}

const child = z.object({ child: z.string().optional() });

async function parent({ kwargs }: { readonly kwargs: z.infer<typeof child> }): Promise<unknown> {
  if (kwargs.child !== undefined) {
    await trace.getTracer('test').startActiveSpan('work', async (span) => {
      await enqueueWithReservation(kwargs.child ?? '', [], { unchecked: true });
      span.end();
    });
  }
  return getCurrentTask()?.traceContext;
}

export const inHorse = defineTask('traced.horse', { kwargs: child, run: parent });

export const inline = defineTask('traced.inline', { kwargs: child, isolation: 'inline', run: parent });

export const failing = defineTask('traced.failing', {
  run: () => {
    throw new RangeError('out of range');
  },
});
