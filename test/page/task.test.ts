import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { WorkerSession } from '../engine/worker-session.ts';
import { Served } from '../http/served.ts';
import { suiteBrowser, Tab, withoutBrowser } from './browser.ts';

suite('the page of a task', { skip: withoutBrowser }, () => {
  const browser = suiteBrowser();

  test('tells whom it waits for, then what it does, then where its time went, as it happens', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    const holder = await worker.enqueue({ resources: ['/r/'] });
    await worker.grant();
    const holding = await worker.startOne();
    const id = await worker.enqueue({ resources: ['/r/'], kwargs: { how: 'well' }, group: 'g' });
    await using tab = await Tab.open(browser, served, `/tasks/${id}`);
    const { page } = tab;
    const reasons = page.locator('.reasons');
    await reasons.getByText('It waits for /r/, which is held by task').waitFor();
    await reasons.getByRole('link', { name: holder.slice(-8) }).waitFor();
    await page.locator('.spans').getByText('waiting for its resources behind other tasks').waitFor();
    await page.getByText('"how": "well"').waitFor();
    await page.getByText('It has no result yet.').waitFor();
    await worker.finish([{ ...holding, outcome: 'completed', result: null }]);
    await worker.grant();
    const run = await worker.startOne();
    await page.getByText('It runs on worker w').waitFor();
    await worker.progress([{ ...run, progress: { done: 3, total: 4 } }]);
    await page.getByRole('progressbar', { name: '3 of 4' }).first().waitFor();
    await worker.finish([{ ...run, outcome: 'completed', result: { found: 42 } }]);
    await page.getByText('"found": 42').waitFor();
    await page.getByText(`waiting for /r/ behind task`).waitFor();
    await page.getByText('running, attempt 1 on worker w').waitFor();
    await page.locator('.history').getByText('completed').waitFor();
    const happened = await page.locator('.history strong').allTextContents();
    assert.deepEqual(
      happened.filter((type) => type !== 'progressed'),
      ['enqueued', 'granted', 'started', 'released', 'completed'],
    );
    await page.getByRole('link', { name: 'g', exact: true }).click();
    await page.waitForURL('**/tasks?group=g');
  });

  test('shows why it failed, and how its attempts went', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    const id = await worker.enqueue();
    const run = await worker.startOne();
    const error = {
      code: 'TASK_FAILED',
      name: 'Error',
      message: 'the <b>disk</b> is full',
      stack: 'Error: at line 7',
    };
    await worker.finish([{ ...run, outcome: 'failed', error }]);
    await using tab = await Tab.open(browser, served, `/tasks/${id}`);
    await tab.page.getByText('It failed: the <b>disk</b> is full (TASK_FAILED).').waitFor();
    await tab.page.getByText('Stack').click();
    await tab.page.getByText('Error: at line 7').waitFor();
  });

  test('shows what caused what', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    const parent = await worker.enqueue({ correlation_id: 'request-1' });
    const child = await worker.enqueue({ parent_id: parent, correlation_id: 'request-1' });
    await using tab = await Tab.open(browser, served, `/tasks/${parent}`);
    const tree = tab.page.getByRole('region', { name: 'What caused what' });
    await tree.getByRole('listitem').nth(1).waitFor();
    await served.enqueue({ name: 'came.later', correlation_id: 'request-1' });
    await tree.getByRole('listitem').nth(2).waitFor();
    await tree.getByRole('link', { name: child.slice(-8) }).click();
    await tab.page.waitForURL(`**/tasks/${child}`);
    await tree.locator('[aria-current]').getByText(child.slice(-8)).waitFor();
    const { tasks } = (await served.ask(`/api/v1/tasks/${child}/trace?limit=1`)).data as {
      tasks: { id: string; depth: number }[];
    };
    assert.deepEqual(
      tasks.map(({ id, depth }) => [id, depth]),
      [[parent, 0]],
    );
  });

  test('says that a secret is one, and who may see what is hidden', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const id = await served.enqueue({ name: 't', kwargs: { plain: 'seen' } }, 'submitter');
    await client.query(
      `update pulp.task set kwargs = '{"plain": "seen", "token": {"$secret": {"key": "k", "iv": "AAAA", "data": "BBBB"}}}'`,
    );
    await using tab = await Tab.open(browser, served, `/tasks/${id}`);
    await tab.page.getByText('(secret: only its run can read it)').waitFor();
    assert(!(await tab.page.content()).includes('BBBB'));
    await client.query(`select pulp.set_policy('owner')`);
    await using other = await Tab.open(browser, served, `/tasks/${id}`, {
      as: 'observer',
      forgiving: /40[34]/,
    });
    await other.page.getByText('It takes a token with the role operator.').waitFor();
    await other.page.getByText('It is not for you to see').waitFor();
    assert(!(await other.page.content()).includes('seen'));
  });

  test('says that a task is not there', async () => {
    await using served = await Served.start();
    await using tab = await Tab.open(browser, served, '/tasks/01992f6e-8f3c-7000-8000-5bd2d31c4f0a', {
      forgiving: /404/,
    });
    await tab.page.getByRole('alert').getByText('there is no task').first().waitFor();
  });
});
