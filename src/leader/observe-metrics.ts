import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import { knownMetrics, readMetrics, type Metric } from '../queries/metrics.ts';
import { workerTtl } from '../worker-ttl.ts';

/**
 * Has a meter of OpenTelemetry observe what `/metrics` gives, under the same names: gauges, and counters. As histograms cannot be
 * observed, their parts are counters: `_bucket` with the attribute `le`, `_sum` and `_count`. The metrics are those of the
 * whole system, so one process should do so.
 *
 * @returns what ends it
 */
export async function observeMetrics(meter: Meter): Promise<() => void> {
  const instruments = new Map<string, Observable>();
  for (const metric of await knownMetrics()) {
    for (const name of sampleNames(metric)) {
      const options = { description: metric.help, ...(/_seconds(_sum)?$/.test(name) && { unit: 's' }) };
      instruments.set(
        name,
        metric.kind === 'gauge'
          ? meter.createObservableGauge(name, options)
          : meter.createObservableCounter(name, options),
      );
    }
  }
  const observe = async (result: BatchObservableResult) => {
    for (const { sample, labels, value } of await readMetrics(workerTtl())) {
      const instrument = instruments.get(sample);
      if (instrument !== undefined) result.observe(instrument, value, labels);
    }
  };
  const all = [...instruments.values()];
  meter.addBatchObservableCallback(observe, all);
  return () => {
    meter.removeBatchObservableCallback(observe, all);
  };
}

function sampleNames({ metric, kind }: Metric): readonly string[] {
  return kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => metric + part) : [metric];
}
