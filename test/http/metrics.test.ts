import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { WorkerSession } from '../engine/worker-session.ts';
import { writeExposition } from '../../src/http/metrics/exposition.ts';
import { checkAnswer, type Document } from './documented.ts';
import { readExposition } from './exposition.ts';
import { Served } from './served.ts';

suite('/metrics', () => {
  test('is what Prometheus reads, for whoever may read, as documented', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    await served.enqueue({ name: 't' });
    await served.enqueue({ name: 't', resources: ['/a/'] });
    await served.enqueue({ name: 't', delay: '1h' });
    await worker.finish([{ ...(await worker.startOne()), outcome: 'completed', result: 1 }]);

    const answered = await served.ask('/metrics', { as: 'observer' });
    assert.deepEqual(
      [answered.status, answered.headers.get('content-type')],
      [200, 'text/plain; version=0.0.4; charset=utf-8'],
    );
    const document = (await served.ask('/api/v1/openapi.json')).data as Document;
    checkAnswer(document, 'metrics', { ...answered, data: answered.text as never });
    const metrics = readExposition(answered.text);
    const value = (name: string, labels: object) =>
      metrics
        .get(name)
        ?.samples.find((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
        ?.value;
    const default_t = { queue: 'default', type: 't' };
    assert.equal(value('pulp_tasks', { ...default_t, phase: 'blocked' }), 1);
    assert.equal(value('pulp_tasks', { ...default_t, phase: 'delayed' }), 1);
    assert.equal(value('pulp_tasks', { ...default_t, phase: 'claimable' }), 0);
    assert.equal(value('pulp_tasks_finished_total', { ...default_t, outcome: 'completed' }), 1);
    assert.equal(value('pulp_task_running_seconds', { ...default_t, le: '+Inf' }), 1);
    assert.equal(value('pulp_workers', { state: 'able' }), 1);

    assert.equal((await fetch(`${served.url}/metrics`)).status, 401);
    assert.equal((await served.ask('/metrics', { method: 'HEAD' })).text, '');
    assert.equal((await served.ask('/metrics?format=json')).status, 400);
  });

  test('escapes what names and meanings may hold', () => {
    const labels = { worker: 'a"b\\c\nd,e}' };
    const text = writeExposition([
      { metric: 'pulp_x', kind: 'gauge', help: 'One\\two\nthree.', sample: 'pulp_x', labels, value: 1e21 },
    ]);
    assert.equal(text.split('\n').length, 4);
    assert.deepEqual(readExposition(text).get('pulp_x')?.samples, [{ name: 'pulp_x', labels, value: 1e21 }]);
  });
});
