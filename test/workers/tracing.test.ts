import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { context, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { enqueueMany, enqueueWithReservation, observeMetrics, readTask } from '../../src/index.ts';
import { isTracing } from '../../src/tasks/tracing.ts';
import { connect } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Engine } from '../support/worker.ts';
import type { WrittenSpan } from './tracing-tasks.ts';

const TASKS_FILE = fileURLToPath(new URL('tracing-tasks.ts', import.meta.url));

const PRODUCER = 3;
const CONSUMER = 4;
const FAILED = 2;

async function readSpans(file: string): Promise<readonly WrittenSpan[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as WrittenSpan);
}

suite('traces', () => {
  test('go from who enqueues to who runs, and on to what that enqueues', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    const none = await enqueueWithReservation('traced.inline', [], { unchecked: true });
    assert.equal((await readTask(none.id))?.trace_context, null);
    assert.equal(isTracing(), false);

    const folder = await mkdtemp(join(tmpdir(), 'pulp-trace-'));
    const file = join(folder, 'spans');
    process.env['TRACE_FILE'] = file;
    try {
      await engine.worker();
      assert.equal(isTracing(), true);
      await none.wait();
      await trace.getTracer('test').startActiveSpan('request', async (span) => {
        const one = await enqueueWithReservation('traced.horse', ['/a/'], {
          kwargs: { child: 'traced.inline' },
        });
        const [two] = await enqueueMany([
          { task: 'traced.inline', kwargs: { child: 'traced.failing' } },
          { task: 'traced.inline' },
        ]);
        span.end();
        const ended = [await one.wait(), await two?.wait()];
        for (const task of ended) {
          assert.equal(task?.state, 'completed');
          assert.deepEqual(task?.result, task?.trace_context);
        }
      });
      await until(async () => (await readSpans(file)).length >= 13);
      const spans = await readSpans(file);

      const [request] = spans.filter(({ name }) => name === 'request');
      const traced = spans.filter((span) => span.trace === request?.trace);
      const childrenOf = (parent: WrittenSpan | undefined) =>
        traced.filter((span) => span.parent === parent?.id);
      const named = (found: readonly WrittenSpan[]) => found.map(({ name }) => name).sort();
      assert.deepEqual(named(childrenOf(request)), ['enqueue traced.horse', 'enqueue traced.inline']);
      const [horse, batch] = childrenOf(request).sort((a, b) => (a.name < b.name ? -1 : 1));
      assert.equal(horse?.kind, PRODUCER);
      assert.equal(batch?.attributes['messaging.batch.message_count'], 2);
      assert.deepEqual(named(childrenOf(batch)), ['process traced.inline', 'process traced.inline']);

      const [run] = childrenOf(horse);
      assert.equal(run?.name, 'process traced.horse');
      assert.equal(run?.kind, CONSUMER);
      assert.notEqual(run?.pid, process.pid);
      assert.equal(run?.attributes['messaging.message.id'], horse?.attributes['messaging.message.id']);
      const [work] = childrenOf(run);
      const [enqueue] = childrenOf(work);
      assert.deepEqual([work?.name, enqueue?.name], ['work', 'enqueue traced.inline']);
      const [last] = childrenOf(enqueue);
      assert.deepEqual([last?.name, last?.pid], ['process traced.inline', process.pid]);

      const [failing] = traced.filter(({ name }) => name === 'process traced.failing');
      assert.deepEqual([failing?.status, failing?.events], [FAILED, ['exception']]);
      assert.equal(failing?.attributes['error.type'], 'TASK_FAILED');
      assert.equal(failing?.attributes['pulp.task.outcome'], 'failed');
      const [alone] = spans.filter(({ attributes }) => attributes['messaging.message.id'] === none.id);
      assert.equal(alone?.parent, null);

      const meters = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const reader = new PeriodicExportingMetricReader({ exporter: meters, exportIntervalMillis: 1_000_000 });
      const provider = new MeterProvider({ readers: [reader] });
      const end = await observeMetrics(provider.getMeter('test'));
      await provider.forceFlush();
      const observed = meters.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? [];
      const finished = observed.find(({ descriptor }) => descriptor.name === 'pulp_tasks_finished_total');
      const failures = finished?.dataPoints.find(
        ({ attributes }) => attributes['outcome'] === 'failed' && attributes['type'] === 'traced.failing',
      );
      assert.equal(failures?.value, 1);
      assert.ok(observed.some(({ descriptor }) => descriptor.name === 'pulp_task_running_seconds_bucket'));
      end();
      await provider.shutdown();
    } finally {
      trace.disable();
      context.disable();
      delete process.env['TRACE_FILE'];
      await rm(folder, { recursive: true });
    }
  });

  test('may be told by callers in SQL, and go on where nobody takes spans', async () => {
    await using engine = await Engine.create(TASKS_FILE);
    await using client = await connect(engine.database.url);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const enqueue = async (context: unknown) => {
      const { rows } = await client.query<{ id: string }>(
        `select pulp.enqueue('traced.horse', kwargs => '{"child": "traced.inline"}', options => $1) as id`,
        [JSON.stringify({ trace_context: context, unchecked: true })],
      );
      return rows[0]?.id ?? '';
    };
    const id = await enqueue({ traceparent, tracestate: 'a=b' });
    for (const bad of [
      traceparent,
      {},
      { traceparent: '00-1-1-01' },
      { traceparent, more: 1 },
      { tracestate: 'a=b' },
    ]) {
      await assert.rejects(enqueue(bad), /trace_context: must be an object with a traceparent/);
    }
    await engine.worker();
    const children = async () => {
      const { rows } = await client.query<{ trace_context: unknown }>(
        `select trace_context from pulp.task where parent_id = $1 and state = 'completed'`,
        [id],
      );
      return rows;
    };
    await until(async () => (await children()).length > 0);
    assert.deepEqual(await children(), [{ trace_context: { traceparent, tracestate: 'a=b' } }]);
  });
});
