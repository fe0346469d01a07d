import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { writtenByOthers } from '../processes/written-by-others.ts';
import { abandonedType } from './abandoned-type.ts';
import { isTaskType, type TaskType } from './define-task.ts';
import { releaseOf } from './release.ts';

/** Task types by name. A task's name is looked up here and nowhere else: no row of the database can name other code. */
export type TaskRegistry = ReadonlyMap<string, TaskType>;

/** When the files were modified that task types were loaded from. */
const modifiedAt = new WeakMap<TaskType, Date>();

const DEFAULT_FILES = ['pulp.tasks.ts', 'pulp.tasks.js', 'pulp.tasks.mjs'];

/**
 * The tasks file of the current folder, if there is one.
 *
 * @throws PulpError TASKS_FILE_UNSAFE if another user may have put it there: nobody has named it
 */
export async function findTasksFile(): Promise<string | undefined> {
  for (const name of DEFAULT_FILES) {
    const file = resolve(name);
    if (!(await exists(file))) continue;
    for (const path of [file, dirname(file)]) {
      const flaw = writtenByOthers(await stat(path));
      if (flaw !== undefined) throw unsafe(file, path === file ? flaw : `is in a folder that ${flaw}`);
    }
    return file;
  }
  return undefined;
}

function unsafe(file: string, flaw: string): PulpError {
  return new PulpError('TASKS_FILE_UNSAFE', `${file} ${flaw}, and its code would run as you`, {
    remedy: 'If you trust it, name it by --tasks; else run this in another folder.',
    exitCode: 2,
  });
}

/**
 * The tasks file that was named, else that of the current folder. Absolute.
 *
 * @throws PulpError NO_TASKS_FILE if there is none, TASKS_FILE_UNSAFE as `findTasksFile`
 */
export async function requireTasksFile(given: string | undefined): Promise<string> {
  const file = given === undefined ? await findTasksFile() : resolve(given);
  if (file !== undefined && (await exists(file))) return file;
  const problem =
    file === undefined ? 'there is no pulp.tasks.ts, .js or .mjs in this folder' : `there is no ${file}`;
  throw new PulpError('NO_TASKS_FILE', problem, {
    remedy: 'Name the file that exports your task types by --tasks.',
    exitCode: 2,
  });
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/**
 * Loads the task types that a file exports.
 *
 * @throws PulpError TASKS_FILE_UNUSABLE if it cannot be loaded, exports none, or two of one name
 */
export async function loadTaskTypes(file: string): Promise<TaskRegistry> {
  const path = resolve(file);
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw unusable(path, `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, {
      remedy:
        error instanceof PulpError && error.remedy !== ''
          ? error.remedy
          : 'Correct what it complains about; `node` with its path tells where it comes from.',
      cause: error,
    });
  }
  const { mtime } = await stat(path);
  const types = [...new Set(Object.values(exported))].filter(isTaskType);
  if (types.length === 0) throw unusable(path, 'exports no task types');
  const registry = registryOf(types, (name) => unusable(path, `defines two task types named ${name}`));
  for (const type of registry.values()) modifiedAt.set(type, mtime);
  return registry;
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

/** What a worker's birth publishes of a task type, so that callers without its code can check arguments. */
export function publication(type: TaskType) {
  const schema = (of: z.ZodType) => z.toJSONSchema(of, { io: 'input', unrepresentable: 'any' });
  const secrets = type.secretPlaces();
  return {
    name: type.name,
    schema: { args: schema(type.args), kwargs: schema(type.kwargs), ...(secrets.length > 0 && { secrets }) },
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
  path: string,
  problem: string,
  {
    remedy = 'Export values made by defineTask from it, each with a name of its own.',
    cause,
  }: { remedy?: string; cause?: unknown } = {},
): PulpError {
  return new PulpError('TASKS_FILE_UNUSABLE', `${path} ${problem}`, { remedy, exitCode: 2, cause });
}
