import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { PulpError } from '../errors.ts';
import { abandonedType } from './abandoned-type.ts';
import type { TaskType } from './define-task.ts';
import { exportedTypes, NoTaskTypeError } from './exported-types.ts';
import { requireJsonInput } from './json-input.ts';
import { placeOfLoadError } from './load-error.ts';
import { publishedSchema } from './published-schema.ts';
import { releaseOf } from './release.ts';
import { tasksFilesAt } from './tasks-files.ts';

/** Task types by name. A task's name is looked up here and nowhere else: no row of the database can name other code. */
export type TaskRegistry = ReadonlyMap<string, TaskType>;

/** When the files were modified that task types were loaded from. */
const modifiedAt = new WeakMap<TaskType, Date>();

/**
 * Loads the task types that files export, by a name of their own, in arrays, or as the default export: a task type, an array or an
 * object of them (in CommonJS `module.exports`).
 *
 * @param paths files, and folders (see `tasksFilesAt`)
 * @throws PulpError TASKS_FILE_UNUSABLE if one cannot be loaded, none of them exports any, or two of one name
 * @throws PulpError NO_TASKS_FILE if one is not there
 */
export async function loadTaskTypes(paths: string | readonly string[]): Promise<TaskRegistry> {
  const files = await tasksFilesAt(typeof paths === 'string' ? [paths] : paths);
  const homes = new Map<TaskType, string>();
  for (const file of files) {
    const { mtime } = await stat(file);
    for (const type of await typesOf(file)) {
      if (homes.has(type)) continue; // one file passes on what another defines
      homes.set(type, file);
      modifiedAt.set(type, mtime);
    }
  }
  const where = files.join(', ');
  if (homes.size === 0)
    throw unusable(
      files.length === 1 ? `${where} exports no task types` : `none of ${where} exports task types`,
    );
  return registryOf([...homes.keys()], (name) => unusable(ambiguity(name, homes)));
}

async function typesOf(file: string): Promise<readonly TaskType[]> {
  try {
    return exportedTypes((await import(pathToFileURL(file).href)) as Record<string, unknown>);
  } catch (error) {
    if (error instanceof NoTaskTypeError) throw unusable(`${file} ${error.message}`);
    const place = await placeOfLoadError(error, file);
    throw unusable(`${place} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, {
      remedy:
        error instanceof PulpError && error.remedy !== ''
          ? error.remedy
          : 'Correct what it complains about; `node` with its path tells where it comes from.',
      cause: error,
    });
  }
}

/** A name that several types have, or that one brings along which another has: see `onAbandoned`. */
function ambiguity(name: string, homes: ReadonlyMap<TaskType, string>): string {
  const files = [...homes]
    .filter(([type]) => withAbandoned(type).some((known) => known.name === name))
    .map(([, file]) => file);
  const [first = '', second = ''] = files;
  return first === second
    ? `${first} defines two task types named ${name}`
    : `${first} and ${second} both define a task type named ${name}`;
}

/**
 * Task types by name, with those that they bring along: see `onAbandoned`.
 *
 * @param ambiguous what to throw where two have one name
 */
export function registryOf(
  types: readonly TaskType[],
  ambiguous = (name: string) => new Error(`there are two task types named ${name}`),
): TaskRegistry {
  const registry = new Map<string, TaskType>();
  for (const type of types.flatMap(withAbandoned)) {
    if (registry.has(type.name)) throw ambiguous(type.name);
    registry.set(type.name, type);
  }
  return registry;
}

/** What the registration of a worker publishes of a task type, so that callers without its code can check arguments. */
export function publication(type: TaskType) {
  const { args, kwargs } = type;
  requireJsonInput(type.name, 'args', args); // what was not there yet when it was defined
  requireJsonInput(type.name, 'kwargs', kwargs);
  const secrets = type.secretPlaces();
  return {
    name: type.name,
    schema: {
      args: publishedSchema(args),
      kwargs: publishedSchema(kwargs),
      ...(secrets.length > 0 && { secrets }),
    },
    isolation: type.isolation,
    on_worker_loss: type.onWorkerLoss,
    on_worker_stop: type.onWorkerStop,
    ...(Object.keys(type.defaults).length > 0 && { defaults: type.defaults }),
    ...releaseOf(modifiedAt.get(type) ?? new Date(0)),
  };
}

/** A type, and the one that tells it what its tasks have abandoned, if it wants to know. */
function withAbandoned(type: TaskType): TaskType[] {
  const abandoned = abandonedType(type);
  return abandoned === undefined ? [type] : [type, abandoned];
}

function unusable(
  problem: string,
  {
    remedy = 'Export values made by defineTask from it, each with a name of its own. Of a folder its own files are read, not those of folders in it.',
    cause,
  }: { remedy?: string; cause?: unknown } = {},
): PulpError {
  return new PulpError('TASKS_FILE_UNUSABLE', problem, { remedy, exitCode: 2, cause });
}
