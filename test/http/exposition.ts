import assert from 'node:assert/strict';

/** A metric as a scraper reads it. */
export interface Scraped {
  readonly type: string;
  readonly help: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly value: number;
  }[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const SAMPLE = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/;

/** Reads the text format of Prometheus as strictly as promtool does, and holds it to its rules of names. */
export function readExposition(text: string): ReadonlyMap<string, Scraped> {
  const metrics = new Map<string, { type: string; help: string; samples: Scraped['samples'] }>();
  const seen = new Set<string>();
  let current = '';
  let help: string | undefined;
  assert(text.endsWith('\n'), 'the last line has to end');
  for (const line of text.slice(0, -1).split('\n')) {
    const [, directive, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (directive === 'HELP') {
      assert(!metrics.has(name), `${name} is there twice`);
      [current, help] = [name, rest];
    } else if (directive === 'TYPE') {
      assert(name === current && help !== undefined && NAME.test(name), line);
      assert(help.endsWith('.') && /^(gauge|counter|histogram)$/.test(rest), line);
      assert.equal(name.endsWith('_total'), rest === 'counter', `${name}: counters, and they alone, end so`);
      assert(name.startsWith('pulp_') && !/_(ms|milliseconds|minutes|count|sum|bucket)$/.test(name), name);
      metrics.set(name, { type: rest, help, samples: [] });
    } else {
      const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      const metric = metrics.get(current);
      assert(metric && sample !== '', `no sample: ${line}`);
      const names =
        metric.type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => current + part) : [current];
      assert(names.includes(sample), `${sample} stands among those of ${current}`);
      assert(/^(-?\d+(\.\d+)?(e[+-]\d+)?|NaN|[+-]Inf)$/.test(value), `no number: ${line}`);
      const read = readLabels(labels);
      const key = JSON.stringify([sample, Object.entries(read).sort()]);
      assert(!seen.has(key), `twice: ${line}`);
      seen.add(key);
      metric.samples.push({ name: sample, labels: read, value: Number(value.replace('Inf', 'Infinity')) });
    }
  }
  for (const [name, metric] of metrics) {
    assert(metric.samples.length > 0, `${name} has no samples`);
    if (metric.type === 'histogram') checkHistogram(name, metric);
  }
  return metrics;
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const [whole, name, value] = LABEL.exec(rest) ?? [];
    assert(whole !== undefined && name !== undefined && value !== undefined, `no labels: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : String(escaped)));
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** Buckets rise to the last, `+Inf`, which is the count. */
function checkHistogram(name: string, { samples }: Scraped): void {
  const series = Map.groupBy(samples, ({ labels: { le: _, ...others } }) =>
    JSON.stringify(Object.entries(others).sort()),
  );
  for (const [labels, parts] of series) {
    const buckets = parts.filter((part) => part.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels: { le = '' } }) => (le === '+Inf' ? Infinity : Number(le)));
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      labels,
    );
    const values = buckets.map(({ value }) => value);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
      labels,
    );
    assert.equal(bounds.at(-1), Infinity);
    assert.equal(values.at(-1), parts.find((part) => part.name === `${name}_count`)?.value);
    assert(parts.some((part) => part.name === `${name}_sum`));
  }
}
