import { PulpError } from '../errors.ts';
import { parseJson } from './json-text.ts';
import { newTaskId } from './new-task-id.ts';
import { writePayload } from './payload.ts';
import type { TaskTypeCheck } from './task-type-check.ts';

/**
 * Writes a task, given as a JSON object with the keys of `pulp.enqueue_batch`, for `enqueueItems`: checks what can be
 * checked here, and gives it an id if it has none.
 *
 * @param types what its type and arguments are checked by, unless it says `unchecked: true`; undefined: they are not
 * @throws PulpError INVALID_INPUT or UNKNOWN_TASK_TYPE
 */
export async function writeItem(
  item: Readonly<Record<string, unknown>>,
  types: TaskTypeCheck | undefined,
): Promise<string> {
  const { unchecked, id, ...rest } = item;
  if (!['boolean', 'undefined'].includes(typeof unchecked)) throw invalid('unchecked: must be true or false');
  // Written before the schema looks: it would take numbers for what JavaScript has made of them.
  const members = Object.entries({ ...rest, id: id ?? newTaskId(), unchecked: true }).map(
    ([key, value]) => `${JSON.stringify(key)}:${writePayload(value, key)}`,
  );
  if (types !== undefined && unchecked !== true && typeof rest['name'] === 'string') {
    await types.check(rest['name'], rest['args'] ?? [], rest['kwargs'] ?? {});
  }
  return `{${members.join(',')}}`;
}

/** As `writeItem`, from JSON text. */
export async function rewriteItem(text: string, types: TaskTypeCheck | undefined): Promise<string> {
  const item = parseJson(text);
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    throw invalid('must be a JSON object');
  return writeItem(item as Record<string, unknown>, types);
}

function invalid(problem: string): PulpError {
  return new PulpError('INVALID_INPUT', problem, { remedy: 'Correct this value.', exitCode: 2 });
}
