import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { PJSON } from '@oclif/core/interfaces';
import { COMMANDS } from './command-files.ts';

/** Where the package lies. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What oclif is to know of the package.
 *
 * @param globPatterns which files of commands to load; all, and plugins, if it is left out
 */
export async function packageDescription(globPatterns?: readonly string[]): Promise<PJSON> {
  const description = JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')) as PJSON;
  const chosen: Partial<PJSON['oclif']> =
    globPatterns === undefined
      ? { commands: COMMANDS }
      : {
          commands: { strategy: 'pattern', target: COMMANDS, globPatterns: [...globPatterns] },
          plugins: [],
        };
  return { ...description, oclif: { ...description.oclif, ...chosen } };
}
