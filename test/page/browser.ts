import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
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

/** Starts the browser: `await using browser = await startBrowser()`. */
export async function startBrowser(): Promise<Browser & AsyncDisposable> {
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
}

/** A tab with the page, which complains of nothing, and asks nobody but its server: `await using tab = await Tab.open(…)`. */
export class Tab implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of. */
  readonly complaints: string[] = [];
  /** Requests to other servers than ours. */
  readonly strangers: string[] = [];
  readonly #url: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error.stack)));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) this.strangers.push(request.url());
    });
  }

  static async open(
    browser: Browser,
    served: Served,
    path = '/',
    { as = 'operator', ...options }: Looking = {},
  ): Promise<Tab> {
    const context = await browser.newContext({ timezoneId: 'UTC', ...options });
    context.setDefaultTimeout(10_000);
    const token = as === null ? '' : served.tokens[as];
    await context.addInitScript(
      `if (sessionStorage.getItem('pulp-token') === null) sessionStorage.setItem('pulp-token', ${JSON.stringify(token)})`,
    );
    const tab = new Tab(await context.newPage(), served.url);
    await tab.go(path);
    return tab;
  }

  /** Loads an address of the page. */
  async go(path: string): Promise<void> {
    await this.page.goto(this.#url + path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
    assert.deepEqual(this.complaints, []);
    assert.deepEqual(this.strangers, []);
  }
}
