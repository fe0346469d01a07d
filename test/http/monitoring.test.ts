import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { WorkerSession } from '../engine/worker-session.ts';
import { readExposition, type Scraped } from './exposition.ts';
import { Served } from './served.ts';

const FOLDER = new URL('../../docs/monitoring/', import.meta.url);

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string };
      readonly annotations: { readonly summary: string; readonly description: string };
    }[];
  }[];
}

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

/** What a server gives that has something of everything. */
async function scrape(): Promise<ReadonlyMap<string, Scraped>> {
  await using served = await Served.start();
  await using worker = await WorkerSession.open(served.database.url);
  await served.enqueue({ name: 't' });
  await worker.finish([{ ...(await worker.startOne()), outcome: 'completed', result: 1 }]);
  await worker.client.query(`select pulp.create_subscription('{"name": "s"}')`);
  await worker.client.query(`select pg_advisory_lock(pulp.lock_class('leader'), 0)`);
  await worker.client.query(`
    insert into pulp.leader
    values ('resource-manager', 'w', pg_backend_pid(), now(), 1, now(), null, '{"grant": {"code": "X"}}')`);
  return readExposition((await served.ask('/metrics')).text);
}

/** Holds an expression to the grammar of Prometheus, and each metric with its labels in it to what there is; gives the metrics. */
function checkExpression(written: string, metrics: ReadonlyMap<string, Scraped>): readonly string[] {
  const expression = written.replaceAll('$__rate_interval', '5m');
  const tree = parser.parse(expression);
  const named: string[] = [];
  const labels: string[] = [];
  tree.iterate({
    enter: ({ name, from, to, type }) => {
      assert(!type.isError, `${expression} at ${from}`);
      const text = expression.slice(from, to);
      if (name === 'VectorSelector') named.push(/^\w+/.exec(text)?.[0] ?? '');
      if (name === 'LabelName') labels.push(text);
    },
  });
  assert(named.length > 0, expression);
  const known = new Set(['instance', 'le']);
  for (const name of named) {
    const samples = [...metrics.values()]
      .flatMap((metric) => metric.samples)
      .filter((sample) => sample.name === name);
    assert(samples.length > 0, `there is no ${name}: ${expression}`);
    for (const label of Object.keys(samples[0]?.labels ?? {})) known.add(label);
  }
  for (const label of labels) assert(known.has(label), `there is no label ${label}: ${expression}`);
  return named;
}

suite('the files for monitoring', () => {
  test('name what /metrics gives', async () => {
    const metrics = await scrape();
    const rules = (parse(await readFile(new URL('alerts.yml', FOLDER), 'utf8')) as Rules).groups.flatMap(
      (group) => group.rules,
    );
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const { alert, expr, labels, annotations } of rules) {
      checkExpression(expr, metrics);
      assert.match(labels.severity, /^(critical|warning)$/, alert);
      assert(annotations.summary.endsWith('.') && annotations.description !== '', alert);
    }

    const { panels } = JSON.parse(
      await readFile(new URL('grafana-dashboard.json', FOLDER), 'utf8'),
    ) as Dashboard;
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const shown = panels.flatMap(({ title, gridPos: { x, w }, targets }) => {
      assert(title !== '' && x + w <= 24 && targets.length > 0);
      return targets.flatMap(({ expr }) => checkExpression(expr, metrics));
    });
    assert(shown.length > 20);

    const page = await readFile(new URL('../monitoring.md', FOLDER), 'utf8');
    const told = new Set(page.match(/pulp_\w+/g));
    for (const name of metrics.keys()) assert(told.has(name), `docs/monitoring.md says nothing of ${name}`);
  });

  test('an expression that names something else is found', () => {
    const metrics = readExposition('# HELP pulp_x One.\n# TYPE pulp_x gauge\npulp_x{a="1"} 1\n');
    checkExpression('sum by (a) (pulp_x{a="1"})', metrics);
    for (const bad of ['sum(pulp_y)', 'pulp_x{b="1"}', 'sum by (b) (pulp_x)', 'sum(pulp_x']) {
      assert.throws(() => checkExpression(bad, metrics), assert.AssertionError, bad);
    }
  });
});
