import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect } from '../support/database.ts';
import { Scene } from '../engine/scene.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { Served } from '../http/served.ts';
import { suiteBrowser, Tab, withoutBrowser } from './browser.ts';

/** Makes a worker look as if it had given no sign of life for a minute. */
const silence = (client: Client, name: string) =>
  client.query(`update pulp.worker set last_heartbeat = now() - interval '1 minute' where name = $1`, [name]);

suite('resources, workers, trends and failures', { skip: withoutBrowser }, () => {
  const browser = suiteBrowser();

  test('show who holds a resource and who waits, now and as it was', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const scene = await Scene.open(client);
    const first = await scene.enqueue(40, { resources: ['/r/'] });
    await scene.grant(39);
    await scene.start(38);
    const second = await scene.enqueue(30, { resources: ['/r/'] });
    const third = await scene.enqueue(20, { shared_resources: ['/r/'] });
    await scene.finish(10, first);
    await scene.grant(9);
    await scene.retell();
    await using tab = await Tab.open(browser, served, '/resources');
    const { page } = tab;
    await page
      .getByRole('row', { name: '/r/' })
      .getByRole('link', { name: second.slice(-8) })
      .waitFor();
    await page.getByRole('link', { name: '/r/' }).click();
    await page
      .getByRole('region', { name: 'Held by 1 task' })
      .getByRole('link', { name: second.slice(-8) })
      .waitFor();
    await page
      .getByRole('region', { name: '1 task in line' })
      .getByRole('link', { name: third.slice(-8) })
      .waitFor();
    const held = page.getByRole('region', { name: 'Who held it' });
    await held
      .getByRole('listitem')
      .filter({ hasText: first.slice(-8) })
      .getByText('kept 2 tasks waiting')
      .waitFor();
    const then = new Date(Date.now() - 15 * 60_000).toISOString();
    await tab.go(`/resource?name=/r/&at=${then}`);
    await page
      .getByRole('region', { name: 'Held by' })
      .getByRole('link', { name: first.slice(-8) })
      .waitFor();
    const line = page.getByRole('region', { name: 'In line' });
    await line.getByRole('listitem').nth(1).waitFor();
    assert.deepEqual(
      await line
        .locator('.task-link')
        .evaluateAll((links) => links.map((link) => link.getAttribute('title'))),
      [second, third],
    );
    await tab.go(`/resources?at=${then}`);
    await page.getByText('2 tasks in line').waitFor();
  });

  test('show workers, and a silent one as silent', async () => {
    await using served = await Served.start();
    await using one = await WorkerSession.open(served.database.url, { name: 'lively' });
    await using other = await WorkerSession.open(served.database.url, { name: 'quiet' });
    await one.enqueue();
    await one.startOne();
    await silence(other.client, 'quiet');
    await using tab = await Tab.open(browser, served, '/workers');
    const card = (name: string) => tab.page.getByRole('listitem').filter({ hasText: name });
    await card('lively').getByText('online').waitFor();
    await card('lively').getByText('1 of 100 slots full').waitFor();
    await card('quiet').getByText('It has given no sign of life for 6').waitFor();
    await card('quiet').getByText('silent').waitFor();
  });

  test('show trends over an hour, a day, a week', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const scene = await Scene.open(client);
    await scene.goThrough(120, 30);
    await scene.goThrough(30, 20);
    await using tab = await Tab.open(browser, served, '/trends');
    const { page } = tab;
    await page.getByRole('img', { name: 'Tasks a second over the last hour' }).locator('canvas').waitFor();
    await page.getByText('completed').first().waitFor();
    await page.getByRole('button', { name: 'last day' }).click();
    await page.waitForURL('**/trends?window=day');
    await page.getByRole('img', { name: 'How long tasks ran over the last day' }).locator('canvas').waitFor();
  });

  test('show failures that are alike together', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    for (const message of ['disk 7 of "a" is full', 'disk 12 of "b" is full', 'no such host']) {
      await worker.enqueue();
      const run = await worker.startOne();
      await worker.finish([{ ...run, outcome: 'failed', error: { code: 'TASK_FAILED', message } }]);
    }
    await using tab = await Tab.open(browser, served, '/failures');
    const { page } = tab;
    const group = page.getByRole('listitem').filter({ hasText: 'disk ‹n› of ‹text› is full' });
    await group.getByText('2 failures').waitFor();
    await group.getByText('disk 12 of "b" is full').waitFor();
    await page.getByRole('listitem').filter({ hasText: 'no such host' }).getByText('1 failure').waitFor();
  });
});
