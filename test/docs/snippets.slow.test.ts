import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, suite, test } from 'node:test';
import type { Client } from 'pg';
import { connect, createDatabase } from '../support/database.ts';
import { fileNameOf, isRun, problemOf } from './languages.ts';
import { PageShell, preparePages } from './page-shell.ts';
import { isWritten, readPages, type Fence, type Page } from './page.ts';

/** A page whose commands change the repository itself: no part of it is run. */
const NEVER_RUN: ReadonlySet<string> = new Set(['docs/CONTRIBUTING.md']);

const pages = (await readPages()).filter(isWritten);
const folder = await mkdtemp(join(tmpdir(), 'pulp-docs-'));
await preparePages(folder);
after(() => rm(folder, { recursive: true, force: true }));

suite('every snippet', () => {
  test('is in a language that is known, and is what it says', () => {
    const problems = pages.flatMap(({ path, fences }) =>
      fences.flatMap((fence) => {
        const problem = problemOf(fence);
        return problem === undefined ? [] : [`${path}:${fence.line}: ${problem}`];
      }),
    );
    assert.ok(problems.length === 0, problems.join('\n'));
  });

  test('is counted', (t) => {
    const all = pages.flatMap((page) => page.fences.map((fence) => ({ page, fence })));
    const run = all.filter(({ page, fence }) => !NEVER_RUN.has(page.path) && isRun(fence));
    const notRun = all.filter(({ fence }) => fence.words.includes('norun'));
    t.diagnostic(
      `${all.length} snippets: ${run.length} run, ${notRun.length} marked as not to be run, ${all.length - run.length - notRun.length} only read`,
    );
    for (const { page, fence } of notRun)
      t.diagnostic(`not run: ${page.path}:${fence.line} (${fence.language})`);
    assert.ok(run.length > 0);
  });
});

suite('the snippets that run, page by page', { concurrency: 2 }, () => {
  for (const page of pages) {
    if (NEVER_RUN.has(page.path) || !page.fences.some(isRun)) continue;
    test(page.path, { timeout: 120_000 }, () => runPage(page));
  }
});

async function runPage({ path, fences }: Page): Promise<void> {
  for (const fence of fences) assert.equal(problemOf(fence), undefined); // what may not be run is not
  await using database = await createDatabase();
  await using client = await connect(database.url);
  await using shell = await PageShell.start(folder, path.replaceAll(/[^\w]/g, '-'), database.url);
  for (const fence of fences.filter(isRun)) {
    try {
      await runSnippet(fence, shell, client);
    } catch (error) {
      throw new Error(`${path}:${fence.line}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function runSnippet(fence: Fence, shell: PageShell, client: Client): Promise<void> {
  if (fence.language === 'sql') {
    await client.query(fence.text);
    return;
  }
  if (fence.language === 'sh') return shell.run(fence.text);
  const named = fileNameOf(fence);
  const file = join(shell.folder, named ?? `snippet-${fence.line}.ts`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, fence.text);
  if (named === undefined) await shell.run(`node ${file}`);
}
