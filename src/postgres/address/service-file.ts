import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { addressError } from './address-error.ts';
import { checkParameter, type ConnectionParameters, type ParameterName } from './parameters.ts';

/** Where the distributions keep the file of the whole machine, if PGSYSCONFDIR names no other folder. */
const SYSTEM_FOLDERS = ['/etc/postgresql-common', '/etc'];

/**
 * What the files of services say of one: the named file, else the user's `~/.pg_service.conf`; where it has none of that name, the
 * machine's `pg_service.conf`.
 *
 * @throws PulpError INVALID_INPUT if there is none, or what is said cannot be used
 */
export function readService(
  name: string,
  file: string | undefined,
  environment: NodeJS.ProcessEnv,
): ConnectionParameters {
  const systemFolder = environment['PGSYSCONFDIR'] ?? '';
  const files = [
    file ?? join(homedir(), '.pg_service.conf'),
    ...(systemFolder === '' ? SYSTEM_FOLDERS : [systemFolder]).map((folder) =>
      join(folder, 'pg_service.conf'),
    ),
  ];
  for (const [index, path] of files.entries()) {
    const text = readIfThere(path, index === 0 && file !== undefined);
    const found = text === undefined ? undefined : sectionOf(text, name, path);
    if (found !== undefined) return found;
  }
  throw addressError(
    `there is no service ${JSON.stringify(name)} in ${files.join(', ')}`,
    `Add a section [${name}] with lines such as host=…, or name its file by PGSERVICEFILE.`,
  );
}

function readIfThere(path: string, isNamed: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !isNamed) return undefined;
    throw addressError(
      `cannot read the file of services ${path}: ${(error as Error).message}`,
      'Check PGSERVICEFILE.',
      error,
    );
  }
}

function sectionOf(text: string, name: string, path: string): ConnectionParameters | undefined {
  let found: Partial<Record<ParameterName, string>> | undefined;
  let isIn = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, section] = /^\[(.*)\]$/.exec(line) ?? [];
    if (section !== undefined) {
      if (found !== undefined) break;
      isIn = section === name;
      if (isIn) found = {};
      continue;
    }
    if (!isIn || found === undefined) continue;
    const place = `${path}:${index + 1}`;
    const [, parameter = '', value = ''] = /^([a-z_]+)=(.*)$/s.exec(line) ?? [];
    if (parameter === '' || parameter === 'service' || parameter === 'servicefile') {
      throw addressError(
        `${place}: this is no line of a service`,
        'Write lines such as host=… below its name.',
      );
    }
    const known = checkParameter(parameter, value, place);
    found[known] ??= value;
  }
  return found;
}
