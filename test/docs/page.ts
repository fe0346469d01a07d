import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsers } from 'prettier/plugins/markdown';
import { ROOT } from './repository.ts';

/** The folder whose `README.md` and `docs/` are tested. */
export const BOOK = ROOT;

/** A node of Markdown, as far as it is looked at here. */
interface Node {
  readonly type: string;
  readonly value?: string;
  readonly lang?: string | null;
  readonly meta?: string | null;
  readonly url?: string;
  readonly children?: readonly Node[];
  readonly position: {
    readonly start: { readonly line: number; readonly offset: number };
    readonly end: { readonly offset: number };
  };
}

/** A fenced block of code. */
export interface Fence {
  readonly language: string;
  /** What stands after the language. */
  readonly words: readonly string[];
  readonly text: string;
  /** The line of its text's first line. */
  readonly line: number;
}

/** Words in the running text: a span of code, or where a link leads. */
export interface Span {
  readonly text: string;
  readonly line: number;
  /** The whole paragraph, cell or heading that it is in. */
  readonly around: string;
}

/** A page of the documentation. */
export interface Page {
  /** From the top of the book, such as `docs/access.md`. */
  readonly path: string;
  readonly fences: readonly Fence[];
  readonly code: readonly Span[];
  readonly links: readonly Span[];
  /** What a link may name behind its `#`. */
  readonly anchors: ReadonlySet<string>;
}

/** Blocks of text that nothing but text is in. */
const TEXT_BLOCKS: ReadonlySet<string> = new Set(['paragraph', 'heading', 'tableCell']);

/** Reads all pages, in the order of their paths. */
export async function readPages(): Promise<readonly Page[]> {
  const paths = ['README.md'];
  for await (const path of glob('docs/**/*.md', { cwd: BOOK })) paths.push(path);
  return Promise.all(
    paths.sort().map(async (path) => parsePage(path, await readFile(join(BOOK, path), 'utf8'))),
  );
}

/** Whether somebody wrote it, and not `npm run docs`. */
export function isWritten({ path }: Page): boolean {
  return !path.startsWith('docs/reference/');
}

/** Takes a page apart. */
export async function parsePage(path: string, text: string): Promise<Page> {
  const tree = (await parsers.markdown.parse(text, { originalText: text } as never)) as Node;
  const fences: Fence[] = [];
  const code: Span[] = [];
  const links: Span[] = [];
  const headings: string[] = [];
  const visit = (node: Node, block: Node | undefined): void => {
    const { value = '', url = '', position } = node;
    const { line } = position.start;
    const around = block === undefined ? '' : sourceOf(block, text);
    if (node.type === 'code') {
      fences.push({
        language: node.lang ?? '',
        words: (node.meta ?? '').split(/\s+/).filter((word) => word !== ''),
        text: value,
        line: line + 1,
      });
    }
    if (node.type === 'inlineCode') code.push({ text: value.replaceAll('\n', ' '), line, around });
    if (['link', 'image', 'definition'].includes(node.type)) links.push({ text: url, line, around });
    if (node.type === 'heading') headings.push(anchorOf(wordsOf(node)));
    for (const child of node.children ?? []) visit(child, TEXT_BLOCKS.has(node.type) ? node : block);
  };
  visit(tree, undefined);
  return { path, fences, code, links, anchors: new Set(numbered(headings)) };
}

function sourceOf({ position: { start, end } }: Node, text: string): string {
  return text.slice(start.offset, end.offset);
}

function wordsOf({ value, children = [] }: Node): string {
  return value ?? children.map(wordsOf).join('');
}

/** What hosts of repositories make of a heading. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** The second and later ones of the same name get a number. */
function numbered(anchors: readonly string[]): readonly string[] {
  const times = new Map<string, number>();
  return anchors.map((anchor) => {
    const before = times.get(anchor) ?? 0;
    times.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}
