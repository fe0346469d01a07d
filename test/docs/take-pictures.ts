/**
 * Takes the pictures of the documentation, `docs/images/*.png`: `node test/docs/take-pictures.ts`, with Chromium on the machine. It works
 * in a database of its own, on the server of `DATABASE_URL` or the embedded one.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { startServer } from '../../src/http/server.ts';
import { closeConnection, defineTask, type TaskHandle, type TaskType } from '../../src/index.ts';
import { TestPulp, testPulp } from '../../src/testing/test-pulp.ts';

const PICTURES = new URL('../../docs/images/', import.meta.url);
const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const WINDOW = { width: 1200, height: 720 };

/** How long a view may take until it shows what there is, in milliseconds. */
const DRAWING_MS = 1500;

/** What a task waits for that is to be seen running: the end of the pictures. */
const finish = new AbortController();

const repository = z.object({ packages: z.int() });

const sync = defineTask('repo.sync', {
  kwargs: repository,
  run: async ({ kwargs: { packages }, progress }) => {
    progress({ done: Math.floor(packages / 3), total: packages });
    await pause(packages * 10, undefined, { signal: finish.signal }).catch(() => undefined);
    return { packages };
  },
});

const mirror = defineTask('repo.mirror', {
  kwargs: repository,
  run: () => {
    throw Object.assign(new Error('connect ECONNREFUSED mirror.example.org:443'), { code: 'ECONNREFUSED' });
  },
});

const publish = defineTask('repo.publish', { run: () => ({ published: true }) });

const run = promisify(execFile);

await using pulp = await testPulp({ tasks: [sync, mirror, publish] });
process.env['DATABASE_URL'] = pulp.databaseUrl;
await pulp.start();
const { publication } = await fill(pulp);
const server = await startServer({
  host: '127.0.0.1',
  port: 0,
  log: pino({ level: 'silent' }),
  version: '0.1.0',
  hostNames: [],
  everybody: { actor: 'alice', role: 'operator' },
});
const browser = await chromium.launch({
  executablePath: process.env['PULP_CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage({ viewport: WINDOW, timezoneId: 'UTC' });
  await picture(page, `${server.url}/`, 'overview');
  await picture(page, `${server.url}/tasks/${publication.id}`, 'task');
  await picture(page, `${server.url}/resource?name=/repositories/fedora/`, 'resource');
  await terminal(page, 'terminal', [
    ['task', 'list'],
    ['task', 'why', publication.id],
    ['resource', 'show', '/repositories/fedora/'],
  ]);
} finally {
  await browser.close();
  await server.stop();
  finish.abort();
  await closeConnection();
}

/** Tasks that have ended, one that runs, and those that wait for it. */
async function fill(engine: TestPulp): Promise<{ readonly publication: TaskHandle }> {
  const enqueue = (task: TaskType, resource: string, kwargs: object = {}) =>
    engine.enqueue(task, { kwargs, resources: [`/repositories/${resource}/`] });
  await Promise.all(
    ['zoo', 'kernel', 'debian'].map(async (name, index) => {
      const handle = await enqueue(sync, name, { packages: 20 + index });
      await handle.wait();
    }),
  );
  const failed = await enqueue(mirror, 'photos', { packages: 5 });
  await failed.wait();
  const running = await enqueue(sync, 'fedora', { packages: 30_000 });
  while ((await running.read()).progress === null) await pause(50);
  const publication = await enqueue(publish, 'fedora');
  await enqueue(sync, 'fedora', { packages: 12 });
  return { publication };
}

async function picture(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await pause(DRAWING_MS); // the page follows the log for ever: it is never idle
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, PICTURES)) });
}

/** What commands print, as a terminal shows it. */
async function terminal(page: Page, name: string, commands: readonly (readonly string[])[]): Promise<void> {
  const said: string[] = [];
  for (const command of commands) {
    const { stdout } = await run(process.execPath, [PROGRAM, ...command]);
    said.push(`$ pulp ${command.join(' ')}\n${stdout}`);
  }
  const text = said.join('\n').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  await page.goto('about:blank'); // whose policy allows a style in the text
  await page.setContent(
    `<pre style="margin:0;padding:16px;background:#1b1f24;color:#e6e6e6;font:13px/1.45 monospace;display:inline-block">${text}</pre>`,
  );
  await page
    .locator('pre')
    .screenshot({ path: fileURLToPath(new URL(`${name}.png`, PICTURES)), animations: 'disabled' });
}
