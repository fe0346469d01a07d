import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the page is kept: what it is made of as it is, and its compiled modules. */
const ASSETS = new URL('../../../page/', import.meta.url);
const MODULES = new URL('../../../dist/', import.meta.url);

/** The module that the page begins with, and what its compiled text says of others. */
const FIRST_MODULE = 'page/main.js';
const IMPORT = /(?:^import\s[^;'"]*|\bimport\()["']([^"']+)["']/gm;

/** The libraries of the page, by the names that its modules import them by. */
const LIBRARIES: Readonly<Record<string, URL>> = {
  preact: library('preact'),
  'preact/hooks': library('preact/hooks'),
  'preact/jsx-runtime': library('preact/jsx-runtime'),
  '@preact/signals': library('@preact/signals'),
  '@preact/signals-core': library('@preact/signals-core'),
  uplot: new URL('uPlot.esm.js', library('uplot')),
};

/** Style sheets of libraries. */
const LIBRARY_STYLES: Readonly<Record<string, URL>> = {
  'uplot.css': new URL('uPlot.min.css', library('uplot')),
};

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** All that a browser needs for the page: read once, and served from memory. */
export interface PageFiles {
  /** By path. Each path tells what the file holds, so that a browser may keep it for ever. */
  readonly files: ReadonlyMap<string, PageFile>;
  readonly index: string;
  /** Digest of the one script in the index, as Content-Security-Policy has it: it says where libraries are, and runs nothing. */
  readonly importMapDigest: string;
  readonly etag: string;
}

/** Reads the page; undefined if it was not built. */
export async function readPageFiles(): Promise<PageFiles | undefined> {
  const modules = await readModules();
  if (modules === undefined) return undefined;
  const found: [string, PageFile][] = [
    ...modules,
    ...(await Promise.all(Object.entries(LIBRARIES).map(([name, url]) => read(libraryFile(name), url)))),
    ...(await Promise.all(Object.entries(LIBRARY_STYLES).map(([name, url]) => read(`styles/${name}`, url)))),
    ...(await Promise.all(
      (await readdir(ASSETS))
        .filter((name) => extname(name) in TYPES)
        .map((name) => read(`styles/${name}`, new URL(name, ASSETS))),
    )),
  ];
  const digest = createHash('sha256');
  for (const [name, { body }] of found) digest.update(`${name} ${body.length}\n`).update(body);
  const base = `/page/${digest.digest('base64url').slice(0, 16)}`;
  const importMap = JSON.stringify({
    imports: Object.fromEntries(Object.keys(LIBRARIES).map((name) => [name, `${base}/${libraryFile(name)}`])),
  });
  const preloads = found
    .filter(([name]) => extname(name) === '.js' && !LAZY.test(name))
    .map(([name]) => `<link rel="modulepreload" href="${base}/${name}" />`);
  const index = (await readFile(new URL('index.html', ASSETS), 'utf8'))
    .replaceAll('{{base}}', base)
    .replace('{{preloads}}', () => preloads.join('\n    '))
    .replace('{{importmap}}', () => importMap);
  const [, inlineScript = ''] = /<script type="importmap">(.*?)<\/script>/s.exec(index) ?? [];
  return {
    files: new Map(found.map(([name, file]) => [`${base}/${name}`, file])),
    index,
    importMapDigest: `'sha256-${createHash('sha256').update(inlineScript).digest('base64')}'`,
    etag: `"${createHash('sha256').update(index).digest('base64url').slice(0, 16)}"`,
  };
}

/** All modules that the first one needs, those of the project that it has in common with the page among them. */
async function readModules(): Promise<[string, PageFile][] | undefined> {
  const found = new Map<string, PageFile>();
  const wanted = [FIRST_MODULE];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (found.has(name)) continue;
    const url = new URL(name, MODULES);
    const file = await read(name, url).catch((error: unknown) => {
      if (name === FIRST_MODULE && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (file === undefined) return undefined;
    found.set(...file);
    for (const [, other = ''] of Buffer.from(file[1].body).toString().matchAll(IMPORT)) {
      if (other.startsWith('.')) wanted.push(new URL(other, url).href.slice(MODULES.href.length));
      else if (!(other in LIBRARIES))
        throw new Error(`${name} of the page needs ${other}, which browsers do not have`);
    }
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** What is loaded once it is needed. */
const LAZY = /uplot|\/chart\.js$/;

function library(name: string): URL {
  return new URL(import.meta.resolve(name));
}

function libraryFile(name: string): string {
  return `library/${name.replaceAll('/', '-')}.js`;
}

async function read(name: string, url: URL): Promise<[string, PageFile]> {
  const body = new Uint8Array(await readFile(fileURLToPath(url)));
  return [name, { type: TYPES[extname(name)] ?? 'application/octet-stream', body }];
}
