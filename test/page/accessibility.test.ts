import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { connect } from '../support/database.ts';
import { Scene } from '../engine/scene.ts';
import { Served } from '../http/served.ts';
import { suiteBrowser, Tab, withoutBrowser } from './browser.ts';

const AXE_FILE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** How the page is looked at: axe-core is put into it, which its policy forbids. */
const BARE = { colorScheme: 'light', reducedMotion: 'reduce', bypassCSP: true } as const;

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds in a page as it is shown now. */
async function findings(page: Page, options: object): Promise<readonly object[]> {
  await page.evaluate(await readFile(AXE_FILE, 'utf8'));
  return page.evaluate(async (given) => {
    const { axe } = window as unknown as {
      axe: { run: (options: object) => Promise<{ violations: Finding[] }> };
    };
    const { violations } = await axe.run(given);
    return violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary ?? ''}`),
    }));
  }, options);
}

suite('the page for everybody', { skip: withoutBrowser }, () => {
  const browser = suiteBrowser();

  test('has no findings of axe-core in any view, light or dark', async () => {
    await using served = await Served.start();
    await using client = await connect(served.database.url);
    const scene = await Scene.open(client);
    const failed = await scene.enqueue(12, { resources: ['/r/'], kwargs: { a: 1 } });
    await scene.grant(11);
    await scene.start(10);
    await scene.finish(9, failed, 'failed');
    const running = await scene.enqueue(8, { resources: ['/r/'] });
    await scene.grant(7);
    await scene.start(6);
    const waiting = await scene.enqueue(5, {
      resources: ['/r/'],
      parent_id: running,
      correlation_id: running,
    });
    await scene.cancel(4, await scene.enqueue(5, {}));
    await scene.retell();
    const then = new Date(Date.now() - 5 * 60_000).toISOString();
    await using tab = await Tab.open(browser, served, '/', BARE);
    const { page } = tab;
    const check = async (view: string) => {
      assert.deepEqual(await findings(page, { runOnly: RULES }), [], view);
      // What differs is colours alone.
      const toggle = async () => {
        await page.evaluate(() => {
          const { dataset } = document.documentElement;
          dataset['theme'] = dataset['theme'] === 'dark' ? 'light' : 'dark';
        });
      };
      await toggle();
      assert.deepEqual(await findings(page, { runOnly: ['color-contrast'] }), [], `${view}, dark`);
      await toggle();
    };
    for (const [view, shown] of [
      ['/', 'Who waits for whom'],
      ['/tasks', 'Cancel: all that match'],
      [`/tasks/${failed}`, 'It failed'],
      [`/tasks/${waiting}`, 'What caused what'],
      ['/resources', 'In line'],
      ['/resource?name=/r/', 'Who held it'],
      ['/workers', 'slots full'],
      ['/trends', 'Throughput'],
      ['/failures', '1 failure'],
      ['/pauses', 'Nothing is paused.'],
      ['/schedules', 'There are none.'],
      ['/subscriptions', 'There are none.'],
      ['/enqueue', 'Enqueue a task'],
      [`/?at=${then}`, 'Running'],
    ] as const) {
      await tab.go(view);
      await page.getByText(shown).first().waitFor();
      await page.waitForTimeout(100); // what is still to be read
      await check(view);
    }
    await tab.go('/tasks');
    await page.getByRole('button', { name: 'Cancel: all that match…' }).click();
    await page.getByRole('button', { name: 'Cancel 2 tasks' }).waitFor();
    await check('the dialog of a cancel');
  });

  test('has no findings before the token is known, and moves nothing where motion is not wanted', async () => {
    await using served = await Served.start();
    await using tab = await Tab.open(browser, served, '/', { ...BARE, as: null, forgiving: /401/ });
    await tab.page.getByLabel('Your token').waitFor();
    assert.deepEqual(await findings(tab.page, { runOnly: RULES }), []);
    await using moving = await Tab.open(browser, served, '/', BARE);
    await moving.page.getByText('Live').waitFor();
    assert.equal(await moving.page.evaluate(() => document.getAnimations().length), 0);
  });
});
