import { PulpError } from '../errors.ts';
import { sealArguments } from '../secrets/arguments.ts';
import { secretRealm } from '../secrets/secret-realm.ts';
import { parseJson } from './json-text.ts';
import { newTaskId } from '../new-task-id.ts';
import { writePayload } from './payload.ts';
import { publishedSecretPlaces } from './published-secrets.ts';
import type { WrittenTask } from './task-columns.ts';
import { withDefaults } from './task-defaults.ts';
import type { TaskTypeCheck } from './task-type-check.ts';

/**
 * Writes a task, given as a JSON object with the keys of `pulp.enqueue_batch`, for `enqueueWritten`: checks what can be
 * checked here, gives it an id if it has none, and encrypts its secrets.
 *
 * @param types what its type and arguments are checked by, unless it says `unchecked: true`; undefined: they are not
 * @throws PulpError INVALID_INPUT, UNKNOWN_TASK_TYPE or NO_SECRET_KEYS
 */
export async function writeItem(
  item: Readonly<Record<string, unknown>>,
  types: TaskTypeCheck | undefined,
): Promise<WrittenTask> {
  const { unchecked, ...said } = item;
  const rest: Readonly<Record<string, unknown>> =
    typeof said['name'] === 'string' ? withDefaults(said, types?.defaults(said['name'])) : said;
  const id = rest['id'] ?? newTaskId();
  if (!['boolean', 'undefined'].includes(typeof unchecked)) throw invalid('unchecked: must be true or false');
  // Written before the schema looks: it would take numbers for what JavaScript has made of them.
  const written = writeMembers({ ...rest, id, unchecked: true });
  const { name } = rest;
  const args = rest['args'] ?? [];
  const kwargs = rest['kwargs'] ?? {};
  if (typeof name !== 'string') return written; // the database says what is wrong
  if (types !== undefined && unchecked !== true) await types.check(name, args, kwargs);
  const secrets = await (types?.secretPlaces(name) ?? publishedSecretPlaces(name));
  if (secrets.length === 0 || typeof id !== 'string') return written;
  return writeMembers({
    ...rest,
    ...sealArguments({ args, kwargs }, secrets, { name, id, realm: await secretRealm() }),
    id,
    unchecked: true,
  });
}

function writeMembers(item: Readonly<Record<string, unknown>>): WrittenTask {
  const columns = { id: 'null', args: '[]', kwargs: '{}', resources: '[]', shared_resources: '[]' };
  const rest: string[] = [];
  for (const [key, value] of Object.entries(item)) {
    if (value === undefined) continue; // nothing was said of it, which is not the same as null
    const written = writePayload(value, key);
    if (Object.hasOwn(columns, key)) columns[key as keyof typeof columns] = written;
    else rest.push(`${JSON.stringify(key)}:${written}`);
  }
  return { ...columns, rest: rest.join(',') };
}

/** As `writeItem`, from JSON text. */
export async function rewriteItem(text: string, types: TaskTypeCheck | undefined): Promise<WrittenTask> {
  const item = parseJson(text);
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    throw invalid('must be a JSON object');
  return writeItem(item as Record<string, unknown>, types);
}

function invalid(problem: string): PulpError {
  return new PulpError('INVALID_INPUT', problem, { remedy: 'Correct this value.', exitCode: 2 });
}
