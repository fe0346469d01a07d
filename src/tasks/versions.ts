import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { PulpError } from '../errors.ts';

/** What a worker has, by name, in which version; or what a task requires, by name, in which range of versions. */
export type Versions = Readonly<Record<string, string>>;

const versions = z.record(z.string(), z.string());

/**
 * What tasks files say that workers with them have: their exports `versions`, where there are any.
 *
 * @param files absolute
 * @throws PulpError TASKS_FILE_UNUSABLE if that is something else, or two of them contradict each other
 */
export async function versionsIn(files: readonly string[]): Promise<Versions> {
  const known = new Map<string, { version: string; file: string }>();
  for (const file of files) {
    for (const [name, version] of Object.entries(await exportedBy(file))) {
      const other = known.get(name);
      if (other !== undefined && other.version !== version)
        throw unusable(`${other.file} and ${file} export versions with ${name} in two versions`);
      known.set(name, { version, file });
    }
  }
  return Object.fromEntries(Array.from(known, ([name, { version }]) => [name, version]));
}

async function exportedBy(file: string): Promise<Versions> {
  const exported = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const found = versions.optional().safeParse(exported['versions']);
  if (found.success) return found.data ?? {};
  throw unusable(`${file}: what it exports as versions is no object of texts`);
}

function unusable(problem: string): PulpError {
  return new PulpError('TASKS_FILE_UNUSABLE', problem, {
    remedy: "Export such as: export const versions = { rpm: '2.1.0' };",
    exitCode: 2,
  });
}
