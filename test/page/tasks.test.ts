import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { Served } from '../http/served.ts';
import { suiteBrowser, Tab, withoutBrowser } from './browser.ts';

suite('the list of tasks', { skip: withoutBrowser }, () => {
  const browser = suiteBrowser();

  test('shows what is committed within 250 ms', async () => {
    await using served = await Served.start();
    await using tab = await Tab.open(browser, served, '/tasks');
    const { page } = tab;
    await page.getByText('There are no tasks yet.').waitFor();
    await page.getByText('Live').waitFor();
    const took: number[] = [];
    for (let turn = 0; turn < 7; turn += 1) {
      const seen = page.evaluate(
        (name) =>
          new Promise<number>((resolve) => {
            const look = () => {
              if (document.body.textContent.includes(name)) resolve(Date.now());
              else requestAnimationFrame(look);
            };
            look();
          }),
        `task.no.${turn}`,
      );
      await served.enqueue({ name: `task.no.${turn}` });
      const committed = Date.now();
      took.push((await seen) - committed);
      await page.waitForTimeout(300); // what comes at once after another is gathered
    }
    const median = took.sort((a, b) => a - b)[3] ?? Infinity;
    assert(median < 250, took.join(' '));
  });

  test('follows what becomes of its tasks, and lets those go that its filter does not find any more', async () => {
    await using served = await Served.start();
    const id = await served.enqueue({ name: 'will.be.canceled' });
    await using tab = await Tab.open(browser, served, '/tasks');
    await using waiting = await Tab.open(browser, served, '/tasks?state=waiting');
    for (const { page } of [tab, waiting])
      await page.getByRole('link', { name: 'will.be.canceled' }).waitFor();
    await served.ask(`/api/v1/tasks/${id}/cancel`, { body: {} });
    await tab.page.getByRole('cell', { name: 'canceled', exact: true }).waitFor();
    await waiting.page.getByText('No task fits these filters.').waitFor();
  });

  test('scrolls through 10,000 tasks, of which it makes only what can be seen', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    await client.query(`
      select pulp.enqueue_batch((
        select jsonb_agg('{"name": "many", "unchecked": true}'::jsonb) from generate_series(1, 10000)))`);
    await using tab = await Tab.open(browser, served, '/tasks');
    const { page } = tab;
    await page.getByRole('link', { name: 'many' }).first().waitFor();
    const rows = page.locator('.rows');
    // Each frame scrolls on; how long a frame takes beyond what the screen needs is how much it jerks.
    const frames = await rows.evaluate(async (element) => {
      const took: number[] = [];
      let last = performance.now();
      const until = last + 8000;
      while (element.scrollHeight < 10_000 * 44 && performance.now() < until) {
        element.scrollTop = element.scrollHeight;
        await new Promise(requestAnimationFrame);
        took.push(performance.now() - last);
        last = performance.now();
      }
      return took.sort((a, b) => a - b);
    });
    await page.getByText('10,000 tasks').waitFor();
    // Now and then the machine has something else to do.
    const slow = frames[Math.floor(frames.length * 0.9)] ?? Infinity;
    assert(slow < 200, `a tenth of the frames took more than ${slow} ms`);
    assert((await rows.getByRole('row').count()) < 100);
    await served.enqueue({ name: 'the.newest' });
    await page.getByText('10,001 tasks').waitFor();
    await rows.evaluate((element) => {
      element.scrollTop = 0;
    });
    await page.getByRole('link', { name: 'the.newest' }).waitFor();
  });

  test('has its filters in its link', async () => {
    await using served = await Served.start();
    await served.enqueue({ name: 'one.type', queue: 'q', resources: ['/a/'] });
    await served.enqueue({ name: 'another.type', group: 'g' });
    await using tab = await Tab.open(browser, served, '/tasks');
    const { page } = tab;
    const names = () => page.locator('.task-name').allTextContents();
    await page.getByRole('link', { name: 'one.type' }).waitFor();
    await page.getByText('Filters').click();
    await page.getByLabel('Group').fill('g');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/tasks?group=g');
    await page.getByRole('link', { name: 'one.type' }).waitFor({ state: 'detached' });
    assert.deepEqual(await names(), ['another.type']);
    await page.goBack();
    await page.getByRole('link', { name: 'one.type' }).waitFor();
    for (const query of ['queue=q', 'resource=/a/', 'name=one.type', 'state=waiting&name_contains=one']) {
      await tab.go(`/tasks?${query}`);
      await page.getByRole('link', { name: 'one.type' }).waitFor();
      assert.deepEqual(await names(), ['one.type'], query);
    }
    await tab.go('/tasks?enqueued_after=2999-01-01T00:00:00Z');
    await page.getByText('No task fits these filters.').waitFor();
  });
});
