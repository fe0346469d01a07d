import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { WorkerSession } from '../engine/worker-session.ts';
import { Served } from '../http/served.ts';
import { suiteBrowser, Tab, withoutBrowser } from './browser.ts';

suite('running the engine by the page', { skip: withoutBrowser }, () => {
  const browser = suiteBrowser();

  test('pauses and resumes, shows it to everybody at once, and why a task waits for it', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    await using observing = await Tab.open(browser, served, '/', { as: 'observer' });
    await observing.page.getByText('Nothing runs.').waitFor();
    await using tab = await Tab.open(browser, served, '/pauses');
    const { page } = tab;
    await page.getByText('Nothing is paused.').waitFor();
    await page.getByLabel('Its name').fill('default');
    await page.getByLabel('Reason').fill('the disk is full');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('queue default is paused').waitFor();
    await observing.page.getByText('queue default is paused').waitFor();
    assert(await observing.page.getByRole('button', { name: 'Resume' }).isDisabled());
    const id = await worker.enqueue();
    await observing.page.getByRole('link', { name: id.slice(-8) }).click();
    await observing.page.locator('.reasons').getByText('Queue default is paused').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('Nothing is paused.').waitFor();
  });

  test('shows what comes again and again, runs it now, pauses it, and tells what was', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    await worker.client.query(
      `select pulp.create_schedule('{"name": "nightly", "kind": "every", "rule": "3600", "time_zone": "UTC", "overlap": "skip",
         "catch_up": "one", "item": {"name": "t"}}'::jsonb || jsonb_build_object('starts_at', now()), now() + interval '1 h')`,
    );
    await using tab = await Tab.open(browser, served, '/schedules');
    const { page } = tab;
    const card = page.locator('.card', { hasText: 'nightly' });
    await card.getByText('0 enqueued, 0 skipped').waitFor();
    await card.getByText('What comes, and what was').click();
    await card.getByText('ScheduleCreated').waitFor();
    await card.getByRole('button', { name: 'Run now' }).click();
    await card.getByText('1 enqueued, 0 skipped').waitFor();
    await card.getByText('OccurrenceEnqueued').waitFor();
    assert.deepEqual((await worker.start(2)).length, 1);
    await card.getByRole('button', { name: 'Pause' }).click();
    await card.getByText('paused', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Resume' }).click();
    await card.getByText('active', { exact: true }).waitFor();
  });

  test('shows who reads the log and what is kept, pauses and resumes', async () => {
    await using served = await Served.start();
    await using worker = await WorkerSession.open(served.database.url);
    await worker.client.query(`select pulp.create_subscription('{"name": "billing", "kinds": ["task"]}')`);
    await worker.client.query(
      `select pulp.set_retention('type', 'repo.sync', '{"completed": 86400, "failed": "never"}')`,
    );
    await worker.enqueue();
    await using tab = await Tab.open(browser, served, '/subscriptions');
    const { page } = tab;
    await page.getByText('1 before it').waitFor();
    await page.getByText('Tasks of type repo.sync').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('paused', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('active', { exact: true }).waitFor();
    await using observing = await Tab.open(browser, served, '/subscriptions', { as: 'observer' });
    assert(await observing.page.getByRole('button', { name: 'Pause' }).isDisabled());
  });

  test('tells a worker how many tasks to have in hand, and to end', async () => {
    await using served = await Served.start();
    await using _worker = await WorkerSession.open(served.database.url, { name: 'busy' });
    await using tab = await Tab.open(browser, served, '/workers');
    const { page } = tab;
    await page.getByRole('spinbutton', { name: 'Hands' }).fill('7');
    await page.getByRole('button', { name: 'Set' }).click();
    await page.getByText('0 of 7 slots full').waitFor();
    await page.getByRole('button', { name: 'Drain' }).click();
    await page.locator('.card').getByText('It finishes what it runs, and ends').waitFor();
  });
});
