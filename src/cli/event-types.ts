import { PulpError } from '../errors.ts';

/** @throws PulpError INVALID_INPUT if there is no event of one of these types */
export async function checkEventTypes(types: readonly string[]): Promise<void> {
  const { EVENT_TYPES } = await import('../events/event-types.ts');
  const unknown = types.find((type) => !Object.hasOwn(EVENT_TYPES, type));
  if (unknown === undefined) return;
  throw new PulpError('INVALID_INPUT', `--type: there is no event ${JSON.stringify(unknown)}`, {
    remedy: `There are ${Object.keys(EVENT_TYPES).join(', ')}.`,
    exitCode: 2,
  });
}
