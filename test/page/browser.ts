import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import type { UserRole } from '../../src/http/access/rights.ts';
import type { Served } from '../http/served.ts';

/** The browsers that are looked for where `PULP_CHROMIUM` names none. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function browserFile(): string | undefined {
  const named = process.env['PULP_CHROMIUM'];
  if (named !== undefined) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) =>
    existsSync(file),
  );
}

/** Why tests of the page are left out: there is no browser. Where every test has to run, that is an error. */
export const withoutBrowser =
  browserFile() === undefined && process.env['CI'] !== 'true'
    ? 'no Chromium: install it, or name it by PULP_CHROMIUM'
    : false;

/** The browser of a suite: started when it is first needed, closed when the suite is over. */
export function suiteBrowser(): () => Promise<Browser> {
  let browser: Promise<Browser> | undefined;
  after(async () => {
    await (await browser)?.close();
  });
  return () => (browser ??= startBrowser());
}

async function startBrowser(): Promise<Browser> {
  const executablePath = browserFile();
  if (executablePath === undefined)
    throw new Error(
      'no Chromium on this machine: install the package `chromium`, or name one by PULP_CHROMIUM',
    );
  // As root, which CI is, it has no sandbox of its own; what it loads is ours.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** How a page is looked at. */
export interface Looking extends BrowserContextOptions {
  /** Whose token the tab has; null: none. */
  readonly as?: UserRole | null;
  /** What the browser may complain of: it tells of every request that was refused. */
  readonly forgiving?: RegExp;
}

/** A tab with the page, which complains of nothing, and asks nobody but its server: `await using tab = await Tab.open(…)`. */
export class Tab implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of. */
  readonly #complaints: string[] = [];
  /** Requests to other servers than ours. */
  readonly #strangers: string[] = [];
  readonly #url: string;

  private constructor(page: Page, url: string, forgiving: RegExp | undefined) {
    this.page = page;
    this.#url = url;
    page.on('console', (message) => {
      const isComplaint = message.type() === 'error' || message.type() === 'warning';
      if (isComplaint && forgiving?.test(message.text()) !== true) this.#complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.#complaints.push(String(error.stack)));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) this.#strangers.push(request.url());
    });
  }

  static async open(
    browser: () => Promise<Browser>,
    served: Served,
    path = '/',
    { as = 'operator', forgiving, ...options }: Looking = {},
  ): Promise<Tab> {
    const context = await (await browser()).newContext({ timezoneId: 'UTC', ...options });
    context.setDefaultTimeout(10_000);
    const token = as === null ? '' : served.tokens[as];
    await context.addInitScript(
      `if (sessionStorage.getItem('pulp-token') === null) sessionStorage.setItem('pulp-token', ${JSON.stringify(token)})`,
    );
    const tab = new Tab(await context.newPage(), served.url, forgiving);
    await tab.go(path);
    return tab;
  }

  /** Loads an address of the page. */
  async go(path: string): Promise<void> {
    await this.page.goto(this.#url + path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
    assert.deepEqual(this.#complaints, []);
    assert.deepEqual(this.#strangers, []);
  }
}
