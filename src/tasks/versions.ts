import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { PulpError } from '../errors.ts';

/** What a worker has, by name, in which version; or what a task requires, by name, in which range of versions. */
export type Versions = Readonly<Record<string, string>>;

const versions = z.record(z.string(), z.string());

/**
 * What a tasks file says that workers with it have: its export `versions`, if there is one.
 *
 * @throws PulpError TASKS_FILE_UNUSABLE if that is something else
 */
export async function versionsIn(file: string): Promise<Versions> {
  const path = resolve(file);
  const exported = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const found = versions.optional().safeParse(exported['versions']);
  if (found.success) return found.data ?? {};
  throw new PulpError('TASKS_FILE_UNUSABLE', `${path}: what it exports as versions is no object of texts`, {
    remedy: "Export such as: export const versions = { rpm: '2.1.0' };",
    exitCode: 2,
  });
}
