import type { z } from 'zod';
import { MOST_LEVELS } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { isSecret } from './secret.ts';

/** A step from a value into a part of it: a key, an index, or (true) every element or member. */
export type Step = string | number | true;

/** Where secrets are, as steps from `{ args, kwargs }`. Of a type's places, those further out come first. */
export type SecretPlace = readonly Step[];

/** The places of both, those further out first. */
export function unionOfPlaces(
  some: readonly SecretPlace[],
  others: readonly SecretPlace[],
): readonly SecretPlace[] {
  const byText = new Map([...some, ...others].map((place) => [JSON.stringify(place), place]));
  return outerFirst([...byText.values()]);
}

/** A secret in a secret is encrypted and decrypted with it. */
function outerFirst(places: readonly SecretPlace[]): readonly SecretPlace[] {
  return [...places].sort((a, b) => a.length - b.length);
}

/**
 * The places that the schemas of a task type's arguments mark as secret. Where a value may have several forms (a union),
 * what is secret in one of them is so in all; where every member is secret, so are those that the schema names.
 *
 * @throws PulpError INVALID_INPUT if a secret cannot be located in what a caller gives
 */
export function secretPlaces(
  type: string,
  schemas: { readonly args: z.core.$ZodType; readonly kwargs: z.core.$ZodType },
): readonly SecretPlace[] {
  const found = new Map<string, SecretPlace>();
  for (const root of ['args', 'kwargs'] as const) {
    const finder = new Finder(type, (place) => found.set(JSON.stringify(place), place));
    finder.look(schemas[root], [root]);
  }
  return outerFirst([...found.values()]);
}

/** Looks for secrets in one schema. */
class Finder {
  readonly #type: string;
  readonly #onFound: (place: SecretPlace) => void;
  /** The schemas that we are inside of. */
  readonly #around = new Set<z.core.$ZodType>();
  /** Those of them that come again inside of themselves. */
  readonly #recursive = new Set<z.core.$ZodType>();

  constructor(type: string, onFound: (place: SecretPlace) => void) {
    this.#type = type;
    this.#onFound = onFound;
  }

  /** @returns whether there are secrets in the schema */
  look(schema: z.core.$ZodType, place: SecretPlace, hiddenBy?: string): boolean {
    if (isSecret(schema)) {
      if (hiddenBy !== undefined) throw this.#refusal(place, `is inside a ${hiddenBy}`);
      if (place.length === 1) throw this.#refusal(place, 'is all there is');
      this.#onFound(place);
      return true;
    }
    if (this.#around.has(schema)) {
      this.#recursive.add(schema);
      return false;
    }
    if (this.#around.size > MOST_LEVELS) return false;
    this.#around.add(schema);
    let hasSecrets = false;
    for (const part of partsOf(schema)) {
      const at = part.step === undefined ? place : [...place, part.step];
      const hider = part.isHidden === true ? schema._zod.def.type : hiddenBy;
      if (this.look(part.schema, at, hider)) hasSecrets = true;
    }
    this.#around.delete(schema);
    if (hasSecrets && this.#recursive.has(schema)) {
      throw this.#refusal(place, 'is inside a schema that contains itself');
    }
    return hasSecrets;
  }

  #refusal(place: SecretPlace, problem: string): PulpError {
    const at = place.map((step) => (step === true ? '*' : step)).join('.');
    return new PulpError('INVALID_INPUT', `task type ${this.#type}: the secret at ${at} ${problem}`, {
      remedy: 'Mark members of objects or elements of arrays, before any transformation of them.',
      exitCode: 2,
    });
  }
}

/** A schema inside a schema. */
interface Part {
  readonly schema: z.core.$ZodType;
  /** From the whole to this part; undefined: it is of the same value. */
  readonly step?: Step;
  /** What the caller gives is not known to have this part in this place. */
  readonly isHidden?: true;
}

/** What a schema is made of, one level down. */
export function* partsOf({ _zod: zod }: z.core.$ZodType): Generator<Part> {
  const def = (zod as z.core.$ZodTypes['_zod']).def;
  switch (def.type) {
    case 'object':
      for (const [step, schema] of Object.entries(def.shape)) yield { schema, step };
      if (def.catchall !== undefined) yield { schema: def.catchall, step: true };
      break;
    case 'record':
      yield { schema: def.valueType, step: true };
      yield { schema: def.keyType, isHidden: true };
      break;
    case 'array':
      yield { schema: def.element, step: true };
      break;
    case 'tuple':
      for (const [step, schema] of def.items.entries()) yield { schema, step };
      if (def.rest !== null) yield { schema: def.rest, step: true };
      break;
    case 'union':
      for (const schema of def.options) yield { schema };
      break;
    case 'intersection':
      yield { schema: def.left };
      yield { schema: def.right };
      break;
    case 'lazy':
      yield { schema: def.getter() };
      break;
    case 'pipe':
      yield { schema: def.in };
      yield { schema: def.out, isHidden: true };
      break;
    default:
      for (const schema of schemasIn(def)) {
        yield WRAPPERS.has(def.type) ? { schema } : { schema, isHidden: true };
      }
  }
}

/** Schemas whose values are, as a caller gives them, those of the schema in them. */
const WRAPPERS: ReadonlySet<string> = new Set<z.core.$ZodTypes['_zod']['def']['type']>([
  ...(['optional', 'nullable', 'nonoptional', 'default', 'prefault', 'catch', 'readonly'] as const),
]);

function schemasIn(def: object): z.core.$ZodType[] {
  return Object.values(def).filter(
    (part: unknown): part is z.core.$ZodType => typeof part === 'object' && part !== null && '_zod' in part,
  );
}
