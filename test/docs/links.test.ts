import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path/posix';
import { suite, test } from 'node:test';
import { BOOK, readPages, type Page, type Span } from './page.ts';

/** A path of the repository, as running text has it. */
const REPOSITORY_PATH = /^(?:src|sql|test|docs|bin|findings)\/[\w./*#-]*$/;

const pages = await readPages();
const byPath = new Map(pages.map((page) => [page.path, page]));

suite('the pages', () => {
  test('link to what is there', async () => {
    await noProblems(pages, (page) => page.links, problemOfLink);
  });

  test('name files that are there', async () => {
    await noProblems(
      pages,
      (page) => page.code.filter(({ text }) => REPOSITORY_PATH.test(text)),
      (_, { text }) => problemOfFile(text.replace(/[^/]*\*.*$/, '')),
    );
  });

  test('are all reached by links from the first one', () => {
    const first = byPath.has('docs/README.md') ? 'docs/README.md' : 'README.md';
    const reached = new Set([first]);
    for (const path of reached) {
      for (const { text } of byPath.get(path)?.links ?? []) {
        const target = targetOf(path, text);
        if (byPath.has(target)) reached.add(target);
      }
    }
    const others = pages.filter(({ path }) => path.startsWith('docs/') && !reached.has(path));
    assert.ok(
      others.length === 0,
      `no way leads from ${first} to ${others.map(({ path }) => path).join(', ')}`,
    );
  });
});

async function noProblems(
  all: readonly Page[],
  choose: (page: Page) => readonly Span[],
  problemOf: (page: Page, span: Span) => Promise<string | undefined>,
): Promise<void> {
  const found = await Promise.all(
    all.flatMap((page) =>
      choose(page).map(async (span) => {
        const problem = await problemOf(page, span);
        return problem === undefined ? [] : [`${page.path}:${span.line}: ${span.text}: ${problem}`];
      }),
    ),
  );
  assert.ok(found.flat().length === 0, found.flat().join('\n'));
}

async function problemOfLink({ path }: Page, { text }: Span): Promise<string | undefined> {
  if (/^[a-z]+:/.test(text)) return undefined; // elsewhere in the world
  const target = targetOf(path, text);
  const anchor = text.split('#')[1];
  if (anchor === undefined) return problemOfFile(target);
  const page = byPath.get(target);
  if (page === undefined) return 'there is no such page';
  return page.anchors.has(anchor) ? undefined : `there is no heading #${anchor} in ${target}`;
}

/** The file that a link leads to, from the top of the book. */
function targetOf(from: string, link: string): string {
  const [file = ''] = link.split('#');
  return file === '' ? from : normalize(join(dirname(from), file));
}

async function problemOfFile(path: string): Promise<string | undefined> {
  return access(join(BOOK, path.split('#')[0] ?? '')).then(
    () => undefined,
    () => 'there is no such file',
  );
}
