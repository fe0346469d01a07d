import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The commands beside this folder: those that were built, or the sources that Node runs as they are. */
export const COMMANDS = fileURLToPath(new URL('../commands', import.meta.url));

const EXTENSION = extname(import.meta.url);

/**
 * Which files of commands a command line needs, as patterns under {@link COMMANDS}: that of its command, since to load all
 * of them costs more than most commands do; of a topic those that its help lists.
 *
 * @returns undefined: all, and those of plugins
 */
export function commandFiles(argv: readonly string[]): readonly string[] | undefined {
  if (argv[0] === '--version' || argv[0] === '-v') return [];
  const end = argv.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  for (let count = end === -1 ? argv.length : end; count > 0; count -= 1) {
    const path = argv.slice(0, count).join('/');
    if (existsSync(`${COMMANDS}/${path}${EXTENSION}`)) return [`${path}${EXTENSION}`];
    if (existsSync(`${COMMANDS}/${path}`)) return [`${path}/*${EXTENSION}`];
  }
  return undefined;
}
