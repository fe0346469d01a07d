import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { Served } from '../http/served.ts';
import { suiteBrowser, Tab, withoutBrowser } from './browser.ts';

suite('what can be done by the page', { skip: withoutBrowser }, () => {
  const browser = suiteBrowser();

  test('cancels a task with a reason, and says who did it', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    const id = await worker.enqueue();
    await worker.startOne();
    await using tab = await Tab.open(browser, served, `/tasks/${id}`, { as: 'submitter' });
    const { page } = tab;
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await page.getByLabel('Reason').fill('not needed any more');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByText('It is being canceled on worker w').waitFor();
    await page.locator('.history').getByText('the-submitter').waitFor();
    await page.locator('.history').getByText('reason=not needed any more').waitFor();
  });

  test('cancels all that match, after showing how many these are; who comes later stays', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const enqueue = (name: string, count: number) =>
      client.query(
        `select pulp.enqueue_batch((select jsonb_agg(jsonb_build_object('name', $1::text, 'unchecked', true)) from generate_series(1, $2)))`,
        [name, count],
      );
    await enqueue('wrong', 1500);
    await enqueue('right', 3);
    await using tab = await Tab.open(browser, served, '/tasks?name=wrong');
    const { page } = tab;
    await page.getByRole('button', { name: 'Cancel: all that match…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('1,500 tasks', { exact: true }).waitFor();
    await enqueue('wrong', 1);
    await dialog.getByRole('button', { name: 'Cancel 1,500 tasks' }).click();
    await dialog.getByText('1,500 tasks canceled.').waitFor({ timeout: 30_000 });
    const { rows } = await client.query(
      'select name, state, count(*)::integer from pulp.task group by 1, 2 order by 1, 2',
    );
    assert.deepEqual(rows, [
      { name: 'right', state: 'waiting', count: 3 },
      { name: 'wrong', state: 'canceled', count: 1500 },
      { name: 'wrong', state: 'waiting', count: 1 },
    ]);
  });

  test('has a task run again, and all that failed', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    const ids = [await worker.enqueue(), await worker.enqueue()];
    for (const run of await worker.start(2)) await worker.finish([{ ...run, outcome: 'failed', error: {} }]);
    await using tab = await Tab.open(browser, served, `/tasks/${ids[0]}`);
    const { page } = tab;
    await page.getByRole('button', { name: 'Run again…' }).click();
    await page.getByRole('button', { name: 'Run again', exact: true }).click();
    await page.locator('.heading').getByText('waiting').waitFor();
    await tab.go('/tasks?state=failed');
    await page.getByRole('button', { name: 'Run again: all that match…' }).click();
    await page.getByRole('button', { name: 'Run again 1 task' }).click();
    await page.getByText('1 task waiting.').waitFor();
    assert.equal((await worker.task(ids[1] ?? ''))['state'], 'waiting');
  });

  test('cancels those that were chosen', async () => {
    await using served = await Served.start();
    const ids = [await served.enqueue({ name: 'one' }), await served.enqueue({ name: 'two' })];
    await served.enqueue({ name: 'three' });
    await using tab = await Tab.open(browser, served, '/tasks');
    const { page } = tab;
    for (const id of ids) await page.getByLabel(id).check();
    await page.getByRole('button', { name: 'Cancel: the 2 chosen…' }).click();
    await page.getByRole('button', { name: 'Cancel 2 tasks' }).click();
    await page.getByText('2 tasks canceled.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Cancel: all that match…' }).waitFor();
    await page.getByRole('button', { name: 'waiting', exact: true }).click();
    await page.getByRole('link', { name: 'two' }).waitFor({ state: 'detached' });
    assert.deepEqual(await page.locator('.task-name').allTextContents(), ['three']);
  });

  test('tells an observer why he cannot, and refuses him', async () => {
    await using served = await Served.start();
    const id = await served.enqueue({ name: 't' });
    await using tab = await Tab.open(browser, served, `/tasks/${id}`, { as: 'observer' });
    const { page } = tab;
    assert(await page.getByRole('button', { name: 'Cancel…' }).isDisabled());
    const lack =
      'You are observer the-observer, who may not do this: it takes a token with the role submitter or operator.';
    await page.getByText(lack).waitFor();
    for (const view of ['Tasks', 'Enqueue']) {
      await page.getByRole('navigation').getByRole('link', { name: view }).click();
      await page.getByText(lack).waitFor();
    }
    const refused = await served.ask('/api/v1/tasks/cancel', { body: { id: [id] }, as: 'observer' });
    assert.equal(refused.status, 403);
  });

  test('enqueues a task of a published type, and says what is wrong with its arguments', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url, {
      type: {
        name: 'repo.sync',
        schema: {
          kwargs: {
            type: 'object',
            properties: { url: { type: 'string', minLength: 1 }, depth: { type: 'integer' } },
            required: ['url'],
            additionalProperties: false,
          },
        },
      },
    });
    await using tab = await Tab.open(browser, served, '/enqueue', { forgiving: /400/ });
    const { page } = tab;
    await page.getByRole('combobox', { name: 'Type' }).selectOption('repo.sync');
    const text = page.getByLabel('Arguments, as JSON');
    assert.deepEqual(JSON.parse(await text.inputValue()), { url: '' });
    await page.getByRole('button', { name: 'Enqueue' }).click();
    await page.getByRole('alert').getByText('kwargs.url').first().waitFor();
    await text.fill('{"url": "https://example.org/"}');
    await page.getByLabel('Resources claimed alone, one a line').fill('/a/\n/b/');
    await page.getByRole('button', { name: 'Enqueue' }).click();
    await page.waitForURL('**/tasks/*-*');
    await page.getByRole('link', { name: '/b/' }).waitFor();
    assert.equal((await worker.task(new URL(page.url()).pathname.slice(-36)))['state'], 'waiting');
  });

  test('forgets a task that is over', async () => {
    await using served = await Served.start();
    const id = await served.enqueue({ name: 't' });
    await served.ask(`/api/v1/tasks/${id}/cancel`, { body: {} });
    await using tab = await Tab.open(browser, served, `/tasks/${id}`);
    await tab.page.getByRole('button', { name: 'Forget' }).click();
    await tab.page.getByText('There are no tasks yet.').waitFor();
  });
});
