import type { z } from 'zod';
import { MOST_LEVELS } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { partsOf, type SecretPlace } from '../secrets/secret-places.ts';

/** What no JSON can be, and what to write in its place. */
const INSTEAD: Readonly<Record<string, string>> = {
  bigint: 'Write z.int(), or z.coerce.bigint() for digits in a text.',
  date: 'Write z.coerce.date() for a text such as 2030-01-31T12:00:00Z, or z.iso.datetime() to keep the text.',
  map: 'Write z.record(), or z.array() of pairs.',
  set: 'Write z.array().',
  symbol: 'Write z.string().',
  function: 'Leave it out: code is not sent to where the task runs.',
  undefined: 'Leave it out, or write .optional() on what may be there.',
  void: 'Leave it out.',
  nan: 'Write z.number().',
  file: 'Write z.string() for its path or address.',
  promise: 'Write what it resolves to.',
};

/**
 * Checks that a schema of arguments is one of zod, of the version that this package takes, and asks only for what JSON can hold, since
 * arguments are kept as that. What a schema makes of it afterwards (transforms, codecs, coercion) is its own business.
 *
 * @param root what the schema is of, for the message
 * @throws PulpError INVALID_INPUT with the path of what is wrong
 */
export function requireJsonInput(type: string, root: 'args' | 'kwargs', schema: unknown): void {
  look(schema, [root], new Set());

  function look(part: unknown, place: SecretPlace, around: ReadonlySet<unknown>): void {
    if (!isSchema(part)) throw noSchema(part, place);
    if (around.has(part) || around.size > MOST_LEVELS) return;
    const { def } = (part as z.core.$ZodTypes)._zod;
    const kind = unsayable(def);
    if (kind !== undefined)
      throw refusal(
        place,
        `asks for ${kind === 'undefined' ? kind : `a ${kind}`}, which JSON cannot hold`,
        INSTEAD[kind],
      );
    for (const { schema: inner, step, isHidden } of partsOf(part)) {
      if (isHidden !== true)
        look(inner, step === undefined ? place : [...place, step], new Set(around).add(part));
    }
  }

  function noSchema(value: unknown, place: SecretPlace): PulpError {
    const definition: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, '_def') : undefined;
    return typeof definition === 'object' && definition !== null && 'typeName' in definition
      ? refusal(
          place,
          'is a schema of zod 3',
          "Import z from zod 4: `npm install zod@4`, or from 'zod/v4' where zod is 3.25.",
        )
      : refusal(place, 'is no schema of zod', 'Write it by z of the package zod, version 4.');
  }

  function refusal(place: SecretPlace, problem: string, remedy = ''): PulpError {
    const at = place.map((step) => (step === true ? '*' : step)).join('.');
    return new PulpError('INVALID_INPUT', `task type ${type}: ${at} ${problem}`, { remedy, exitCode: 2 });
  }
}

function isSchema(value: unknown): value is z.core.$ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value;
}

/** What a schema asks for that no JSON is; undefined: it does not. */
function unsayable(def: z.core.$ZodTypes['_zod']['def']): keyof typeof INSTEAD | undefined {
  if (def.type === 'literal') {
    if (def.values.includes(undefined)) return 'undefined';
    return def.values.some((value) => typeof value === 'bigint') ? 'bigint' : undefined;
  }
  return def.type in INSTEAD && !('coerce' in def && def.coerce) ? def.type : undefined;
}
