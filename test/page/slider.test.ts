import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../support/database.ts';
import { Scene } from '../engine/scene.ts';
import { Served } from '../http/served.ts';
import { suiteBrowser, Tab, withoutBrowser } from './browser.ts';

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

suite('the slider of time', { skip: withoutBrowser }, () => {
  const browser = suiteBrowser();

  test('shows what was, by a link, and what is again by one key', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const scene = await Scene.open(client);
    const first = await scene.enqueue(30, { resources: ['/r/'] });
    await scene.grant(29);
    await scene.start(28);
    await scene.enqueue(20, { resources: ['/r/'] });
    await scene.finish(10, first);
    await scene.retell();
    await using tab = await Tab.open(browser, served, `/?at=${ago(25)}`);
    const { page } = tab;
    const tile = (state: string, count: number) =>
      page.getByRole('link', { name: `${count} ${state}`, exact: true }).waitFor();
    await tile('running', 1);
    await tile('waiting', 0);
    await page
      .getByRole('table', { name: 'Running' })
      .getByRole('link', { name: first.slice(-8) })
      .waitFor();
    await page.getByRole('slider', { name: 'Moment' }).fill('-900');
    await tile('waiting', 1);
    assert.match(new URL(page.url()).search, /^\?at=/);
    // The moment goes along.
    await page.getByRole('navigation').getByRole('link', { name: 'Tasks' }).click();
    await page.getByText('2 tasks').waitFor();
    await page.getByRole('cell', { name: 'running', exact: true }).waitFor();
    await page.getByRole('link', { name: first.slice(-8) }).click();
    await page.locator('.heading').getByText('running').waitFor();
    assert(await page.getByRole('button', { name: 'Cancel…' }).isDisabled());
    assert.deepEqual(await page.locator('.history strong').allTextContents(), [
      'enqueued',
      'granted',
      'started',
    ]);
    await page.keyboard.press('l');
    await page.locator('.heading').getByText('completed').waitFor();
    assert.equal(new URL(page.url()).search, '');
  });

  test('plays the past at 60 times its speed, until somebody stops it or it is now', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const scene = await Scene.open(client);
    await scene.enqueue(58, {});
    await scene.start(56);
    await scene.retell();
    await using tab = await Tab.open(browser, served, `/tasks?at=${ago(59)}`);
    const { page } = tab;
    await page.getByText('There are no tasks yet at this moment.').waitFor();
    const began = Date.now();
    await page.keyboard.press('p');
    await page.getByRole('cell', { name: 'running', exact: true }).waitFor();
    const played = Date.now() - began;
    assert(played > 2500 && played < 6000, `three minutes took ${played} ms`);
    await page.keyboard.press('p');
    const stopped = new URL(page.url()).searchParams.get('at') ?? '';
    assert(Math.abs(Date.parse(stopped) - (began - 56 * 60_000)) < 120_000, stopped);
    await page.keyboard.press(']');
    const later = new URL(page.url()).searchParams.get('at') ?? '';
    assert.equal(Date.parse(later) - Date.parse(stopped), 60_000);
    await page.getByLabel('Moment by date and time').fill('2999-01-01T00:00');
    await page.keyboard.press('Enter');
    await page.getByText('Live').first().waitFor();
  });
});
