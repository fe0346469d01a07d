import { scryptSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** How long a revision is, in bytes. */
const LENGTH = 8;

/** What a guess at the content costs: about a quarter of a second and 64 MB. */
const COST = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };

/**
 * A text that changes with the content of these files, of which those that cannot be read count as empty, and with the
 * version of this package. Everybody can read it in a unit file, and one of the files holds passwords: it is made so that
 * trying passwords by it is as slow as it can be.
 */
export async function revisionOf(files: readonly (string | undefined)[]): Promise<string> {
  const manifest = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const contents = await Promise.all(files.map(contentOf));
  return scryptSync(JSON.stringify([version, ...contents]), files.join('\0'), LENGTH, COST).toString('hex');
}

async function contentOf(file: string | undefined): Promise<string> {
  return file === undefined ? '' : await readFile(file, 'latin1').catch(() => '');
}
