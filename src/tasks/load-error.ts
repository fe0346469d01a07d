import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

/** What Node says before an error of syntax: file and line, the line itself with those around it, and a mark below the place. */
const SHOWN_PLACE = /^((?:file:|\/|[A-Za-z]:\\).*):(\d+)\n(?:.*\n){1,5}?( *)\^/m;

/** A frame of a stack: a place in a file. */
const FRAME = /\(?((?:file:|\/|[A-Za-z]:\\)[^()]*):(\d+):(\d+)\)?$/;

/**
 * Where in which file loading a module failed, as far as that can be found out: `FILE:LINE:COLUMN`, else the file that was loaded.
 * Node keeps the place of an error of syntax in a module to itself, but for `node --check`.
 */
export async function placeOfLoadError(error: unknown, file: string): Promise<string> {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const ofSyntax = shownPlace(stack);
  if (ofSyntax !== undefined) return ofSyntax;
  if (error instanceof SyntaxError) return (await checkedPlace(file)) ?? file;
  for (const line of stack.split('\n')) {
    const [, path = '', row = '', column = ''] = FRAME.exec(line) ?? [];
    if (path !== '' && pathOf(path) === file) return `${file}:${row}:${column}`;
  }
  return file;
}

async function checkedPlace(file: string): Promise<string | undefined> {
  try {
    const { execFile } = await import('node:child_process');
    await promisify(execFile)(process.execPath, ['--check', file], { env: {} });
    return undefined; // it is in a file that this one imports
  } catch (failed) {
    return shownPlace((failed as { stderr?: string }).stderr ?? '');
  }
}

function shownPlace(text: string): string | undefined {
  const [, path, row = '', indent = ''] = SHOWN_PLACE.exec(text) ?? [];
  return path === undefined ? undefined : `${pathOf(path)}:${row}:${indent.length + 1}`;
}

function pathOf(path: string): string {
  return path.startsWith('file:') ? fileURLToPath(path) : path;
}
