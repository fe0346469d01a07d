import type { EventType } from './define-event.ts';

/**
 * Checks facts by the shape of their version, and makes them those of the latest: one version after the other, each checked.
 *
 * @throws ZodError where they are not what the version says
 * @throws RangeError if there is no such version
 */
export function upcast(type: EventType, version: number, data: unknown): unknown {
  const schema = type.versions[version - 1];
  if (schema === undefined) throw new RangeError(`there is no version ${version}`);
  const facts = schema.parse(data);
  const next = type.upcasters[version - 1];
  return next === undefined ? facts : upcast(type, version + 1, next(facts as never));
}
