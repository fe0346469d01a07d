import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import {
  closeConnection,
  createGroup,
  createPulp,
  defineTask,
  enqueueMany,
  enqueueWith,
  enqueueWithReservation,
  readTask,
} from '../../src/index.ts';
import { connect, createDatabase, type TestDatabase } from '../support/database.ts';

const task = defineTask('traced', { run: () => undefined });

let database: TestDatabase;
const exporter = new InMemorySpanExporter();

before(async () => {
  database = await createDatabase();
  process.env['DATABASE_URL'] = database.url;
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});

after(async () => {
  trace.disable();
  context.disable();
  await closeConnection();
  await database[Symbol.asyncDispose]();
});

/** Every way to enqueue from TypeScript; each gives the id of a task. */
const WAYS: Readonly<Record<string, () => Promise<string | null | undefined>>> = {
  enqueueWithReservation: async () => (await enqueueWithReservation(task, [])).id,
  enqueueMany: async () => (await enqueueMany([{ task }]))[0].id,
  enqueueWith: async () => {
    await using client = await connect(database.url);
    await client.query('begin');
    const { id } = await enqueueWith(client, task);
    await client.query('commit');
    return id;
  },
  'Pulp.enqueue': async () => {
    await using pulp = createPulp({ databaseUrl: database.url });
    return (await pulp.enqueue(task)).id;
  },
  'the last task of createGroup': async () => (await createGroup({ finally: { task } })).finallyTask,
};

suite('a span of the trace of its caller has a task that is enqueued by', () => {
  for (const [way, enqueue] of Object.entries(WAYS)) {
    test(way, async () => {
      exporter.reset();
      const { caller, id } = await trace.getTracer('test').startActiveSpan('caller', async (span) => {
        const enqueued = await enqueue();
        span.end();
        return { caller: span.spanContext(), id: enqueued ?? '' };
      });
      const [span, ...more] = exporter.getFinishedSpans().filter(({ name }) => name === 'enqueue traced');
      assert.deepEqual(more, []);
      assert.equal(span?.parentSpanContext?.spanId, caller.spanId);
      assert.equal(span.attributes['messaging.message.id'], id);
      assert.deepEqual((await readTask(id))?.trace_context, {
        traceparent: `00-${caller.traceId}-${span.spanContext().spanId}-01`,
      });
    });
  }

  test('enqueueWith, whose error is told, too', async () => {
    exporter.reset();
    await using client = await connect(database.url);
    await assert.rejects(enqueueWith(client, 'a b'), { code: 'INVALID_INPUT' });
    const [span] = exporter.getFinishedSpans();
    assert.equal(span?.attributes['error.type'], 'INVALID_INPUT');
  });
});
