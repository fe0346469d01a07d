import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { fileNameOf } from './languages.ts';
import { preparePages } from './page-shell.ts';
import { isWritten, readPages, type Page } from './page.ts';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force, // a snippet without an import is no script
  types: ['node'],
  strict: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

test('every snippet of TypeScript has the types that it says', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pulp-docs-types-'));
  try {
    await preparePages(folder);
    const pages = (await readPages()).filter(isWritten);
    const snippets = new Map((await Promise.all(pages.map((page) => writeSnippets(page, folder)))).flat());
    const program = ts.createProgram([...snippets.keys()], {
      ...OPTIONS,
      typeRoots: [join(folder, 'node_modules/@types')],
    });
    const problems = [...snippets].flatMap(([file, place]) => {
      const source = program.getSourceFile(file);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ start = 0, messageText }) => {
          const line = source === undefined ? 0 : source.getLineAndCharacterOfPosition(start).line;
          return `${place.path}:${place.line + line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
        },
      );
    });
    assert.ok(problems.length === 0, problems.join('\n'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

interface Place {
  readonly path: string;
  readonly line: number;
}

/** Writes the snippets of a page; where a file comes again, the earlier one beside the last, which others import. */
async function writeSnippets({ path, fences }: Page, folder: string): Promise<readonly [string, Place][]> {
  const snippets = fences.filter(({ language }) => language === 'ts');
  return Promise.all(
    snippets.map(async (fence, index): Promise<[string, Place]> => {
      const named = fileNameOf(fence);
      const isLast = !snippets.slice(index + 1).some((later) => fileNameOf(later) === named);
      const name =
        named !== undefined && isLast ? named : join(dirname(named ?? ''), `snippet-${fence.line}.ts`);
      const file = join(folder, path.replaceAll(/[^\w]/g, '-'), name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, fence.text);
      return [file, { path, line: fence.line }];
    }),
  );
}
