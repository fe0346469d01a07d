import { isTaskType, type TaskType } from './define-task.ts';

/** An exported list has something else among its task types. */
export class NoTaskTypeError extends Error {
  constructor(place: string) {
    super(`exports ${place}, which is no task type, in a list of task types`);
  }
}

/**
 * The task types among the exports of a module: by a name of their own or in arrays; the default export (in CommonJS all of
 * `module.exports`) may also be an object of them.
 *
 * @throws NoTaskTypeError for an array of task types with something else in it, such as what a circular import left undefined
 */
export function exportedTypes(exported: Readonly<Record<string, unknown>>): readonly TaskType[] {
  const types = Object.entries(exported).flatMap(([name, value]) => [
    ...(name === 'default' && isPlainObject(value) ? exportedTypes(value) : typesIn(value, name)),
  ]);
  return [...new Set(types)];
}

function typesIn(value: unknown, place: string): readonly TaskType[] {
  if (isTaskType(value)) return [value];
  if (!Array.isArray(value) || !value.some(isTaskType)) return [];
  return value.map((member: unknown, index) => {
    if (!isTaskType(member)) throw new NoTaskTypeError(`${place}[${index}]`);
    return member;
  });
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isTaskType(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
