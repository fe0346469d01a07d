import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import type { PulpError } from '../../src/errors.ts';
import { defineTask } from '../../src/index.ts';
import { publication } from '../../src/tasks/task-registry.ts';

const run = () => null;

/** What defining a task type with these named arguments says. */
function refusalOf(kwargs: unknown): { message: string; remedy: string } {
  try {
    defineTask('t', { kwargs: kwargs as z.ZodType, run });
  } catch (error) {
    const { code, message, remedy } = error as PulpError;
    assert.equal(code, 'INVALID_INPUT', String(error));
    return { message, remedy };
  }
  assert.fail('it was defined');
}

/** What no JSON can be, and what is said of it. */
const KINDS: readonly (readonly [z.ZodType, string])[] = [
  [z.date(), 'a date'],
  [z.bigint(), 'a bigint'],
  [z.int64(), 'a bigint'],
  [z.map(z.string(), z.string()), 'a map'],
  [z.set(z.string()), 'a set'],
  [z.symbol(), 'a symbol'],
  [z.undefined(), 'undefined'],
  [z.void(), 'a void'],
  [z.nan(), 'a nan'],
  [z.file(), 'a file'],
  [z.promise(z.string()), 'a promise'],
  [z.literal(5n), 'a bigint'],
  [z.literal(['a', undefined]), 'undefined'],
  [z.function(), 'a function'],
];

/** Where a schema may be in another, and what its path is. */
const PLACES: readonly (readonly [string, (inner: z.ZodType) => z.ZodType, string])[] = [
  ['itself', (inner) => inner, 'kwargs'],
  ['a member', (inner) => z.object({ a: z.strictObject({ b: inner }) }), 'kwargs.a.b'],
  ['an optional member', (inner) => z.object({ a: inner.optional() }), 'kwargs.a'],
  ['a nullable default', (inner) => z.object({ a: inner.nullable().default(null) }), 'kwargs.a'],
  ['a union', (inner) => z.object({ a: z.union([z.string(), inner]) }), 'kwargs.a'],
  ['an intersection', (inner) => z.object({ a: z.intersection(z.any(), inner) }), 'kwargs.a'],
  ['an array', (inner) => z.object({ a: z.array(inner) }), 'kwargs.a.*'],
  ['a tuple', (inner) => z.object({ a: z.tuple([z.string(), inner]) }), 'kwargs.a.1'],
  ['a record', (inner) => z.record(z.string(), inner), 'kwargs.*'],
  ['a lazy one', (inner) => z.lazy(() => z.object({ a: inner })), 'kwargs.a'],
  ['a pipe', (inner) => z.object({ a: inner.transform(() => 1) }), 'kwargs.a'],
];

suite('what JSON cannot hold is refused when a task type is defined, with its path and a remedy', () => {
  for (const [schema, kind] of KINDS) {
    test(`${kind}, ${schema._zod.def.type}`, () => {
      for (const [name, wrap, path] of PLACES) {
        const { message, remedy } = refusalOf(wrap(schema));
        assert.equal(message, `task type t: ${path} asks for ${kind}, which JSON cannot hold`, name);
        assert.match(remedy, /^(Write|Leave it out)/);
      }
    });
  }

  test('but what is made of JSON afterwards may be anything', () => {
    const date = z.codec(z.iso.datetime(), z.date(), {
      decode: (text) => new Date(text),
      encode: (value) => value.toISOString(),
    });
    const kwargs = z.object({
      when: z.coerce.date(),
      count: z.coerce.bigint(),
      date,
      all: z.array(z.string()).transform((names) => new Set(names)),
      map: z.preprocess((value) => value, z.map(z.string(), z.string())),
      maybe: z.string().optional(),
      any: z.instanceof(Date).or(z.string()),
    });
    const { schema } = publication(defineTask('t', { kwargs, run }));
    assert.deepEqual((schema.kwargs as { required: string[] }).required, ['date', 'all']);
  });

  test('a schema that refers to one that is defined later is looked at when it is published', () => {
    const type = defineTask('t', { kwargs: z.object({ a: z.lazy(() => later) }), run });
    const later = z.date();
    assert.throws(() => publication(type), /kwargs\.a asks for a date/);
  });
});

suite('a schema of something else', () => {
  test('of zod 3 is told by name, wherever it is', () => {
    const old = z3.object({ a: z3.string() });
    for (const [kwargs, path] of [
      [old, 'kwargs'],
      [z.object({ a: old as never }), 'kwargs.a'],
    ] as const) {
      const { message, remedy } = refusalOf(kwargs);
      assert.equal(message, `task type t: ${path} is a schema of zod 3`);
      assert.match(remedy, /zod 4/);
    }
  });

  test('that is none is told, too', () => {
    assert.match(refusalOf({ type: 'object' }).message, /kwargs is no schema of zod/);
    assert.match(refusalOf(z.object({ a: 'string' as never })).message, /kwargs\.a is no schema of zod/);
  });
});
