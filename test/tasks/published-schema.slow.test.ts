import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { publishedSchema } from '../../src/tasks/published-schema.ts';

/** A schema, and values of JSON some of which it takes. */
interface Case {
  readonly schema: z.ZodType;
  readonly values: readonly unknown[];
}

/** Whether the published schema takes the value, as those read it who enqueue without the code. */
function isTaken(schema: z.ZodType, value: unknown): boolean {
  const published = JSON.parse(JSON.stringify(publishedSchema(schema))) as Parameters<
    typeof z.fromJSONSchema
  >[0];
  return z.fromJSONSchema(published).safeParse(value).success;
}

const texts: readonly Case[] = [
  { schema: z.string(), values: ['', 'a', 'ABC'] },
  { schema: z.string().min(2).max(4), values: ['ab', 'abcd', 'abcde'] },
  { schema: z.string().trim().min(1).max(3), values: ['   abc   ', ' ', 'a'] },
  {
    schema: z
      .string()
      .max(3)
      .toLowerCase()
      .regex(/^[a-z]+$/),
    values: ['ABC', 'abc', 'AB1'],
  },
  { schema: z.string().regex(/^[a-z]+$/i), values: ['ABC', 'a', '1'] },
  { schema: z.string().regex(/^\p{L}+$/u), values: ['äöü', 'a', '1'] },
  { schema: z.string().regex(/^a.b$/s), values: ['a\nb', 'a b', 'ab'] },
  { schema: z.string().regex(/^b$/m), values: ['a\nb', 'b', 'c'] },
  { schema: z.string().includes('b', { position: 1 }), values: ['acab', 'ab', 'ba'] },
  { schema: z.string().startsWith('a').endsWith('z'), values: ['a\nz', 'az', 'a'] },
  { schema: z.email(), values: ['a@example.org', 'a'] },
  { schema: z.email({ pattern: /^.+@.+$/ }), values: ['a@b', 'a'] },
  { schema: z.string().trim().pipe(z.email()), values: [' a@example.org ', 'a'] },
  { schema: z.uuid(), values: ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'x'] },
  { schema: z.guid(), values: ['00000000-1111-9999-0000-000000000000', 'x'] },
  { schema: z.url(), values: ['https://example.org/', 'x'] },
  { schema: z.iso.datetime(), values: ['2030-01-31T12:00:00Z', '2030-01-31'] },
  { schema: z.iso.datetime({ offset: true }), values: ['2030-01-31T12:00:00+02:00', 'x'] },
  { schema: z.iso.datetime({ local: true }), values: ['2030-01-31T12:00:00', 'x'] },
  { schema: z.iso.date(), values: ['2030-01-31', 'x'] },
  { schema: z.iso.time(), values: ['12:00:00', '12:00', 'x'] },
  { schema: z.iso.duration(), values: ['P1D', 'x'] },
  { schema: z.ipv4(), values: ['10.0.0.1', 'x'] },
  { schema: z.ipv6(), values: ['::1', 'x'] },
  { schema: z.cidrv4(), values: ['10.0.0.0/8', 'x'] },
  { schema: z.base64(), values: ['YWJj', 'x'] },
  { schema: z.emoji(), values: ['😀', 'x'] },
  { schema: z.enum(['a', 'b']), values: ['a', 'c'] },
  { schema: z.templateLiteral(['v', z.number()]), values: ['v1', 'x'] },
  { schema: z.stringbool(), values: ['true', 'YES', 'x'] },
  {
    schema: z.codec(z.iso.datetime(), z.date(), {
      decode: (text) => new Date(text),
      encode: (date) => date.toISOString(),
    }),
    values: ['2030-01-31T12:00:00Z', 1],
  },
];

const others: readonly Case[] = [
  { schema: z.number(), values: [0, -1.5, 'x'] },
  { schema: z.int().min(1).max(9), values: [1, 9, 10, 1.5] },
  { schema: z.number().gt(0).lt(1).multipleOf(0.1), values: [0.3, 0.7, 1] },
  { schema: z.number().overwrite(Math.round).int().max(2), values: [1.5, 2.4, 3] },
  { schema: z.boolean(), values: [true, 'true'] },
  { schema: z.null(), values: [null, 0] },
  { schema: z.literal(['a', 1, null, true]), values: ['a', 1, null, true, 'b'] },
  { schema: z.coerce.number(), values: ['12', true, null, 'x'] },
  { schema: z.coerce.date(), values: ['2030-01-31', 0, 'x'] },
  { schema: z.coerce.bigint(), values: ['12', 1, 'x'] },
  { schema: z.coerce.string().max(3), values: [12, true, 'abcd'] },
  { schema: z.coerce.boolean(), values: ['', 'x', 0, null] },
  { schema: z.preprocess((value) => Number(value), z.number().max(5)), values: ['3', 3, '6'] },
  {
    schema: z
      .string()
      .transform((text) => text.length)
      .pipe(z.number().max(2)),
    values: ['ab', 'abc', 1],
  },
  { schema: z.number().catch(5), values: ['x', 1, null] },
  { schema: z.string().refine((text) => text !== 'a'), values: ['b', 'a'] },
  { schema: z.custom((value) => value === 7), values: [7, 'x'] },
  { schema: z.any(), values: [1, null, {}] },
  { schema: z.json(), values: [{ a: [1, null, 'x'] }, 'x'] },
  { schema: z.never(), values: [1] },
];

const leaf = fc.constantFrom(...texts, ...others);
const keys = ['a', 'b', 'c'] as const;

/** Random schemas, of schemas of the kinds above. */
const { whole } = fc.letrec<{ whole: Case }>((tie) => ({
  whole: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('whole').map(({ schema, values }): Case => ({ schema: schema.optional(), values })),
    tie('whole').map(({ schema, values }): Case => ({
      schema: schema.nullable(),
      values: [...values, null],
    })),
    tie('whole').map(({ schema, values }): Case => ({ schema: schema.readonly(), values })),
    tie('whole').map(({ schema, values }): Case => ({
      schema: schema.catch('caught'),
      values: [...values, 'x'],
    })),
    tie('whole').map(({ schema, values }): Case => ({ schema: schema.prefault('x'), values })),
    tie('whole').map(({ schema, values }): Case => ({ schema: z.lazy(() => schema), values })),
    tie('whole').map(({ schema, values }): Case => ({
      schema: schema.transform((value) => value),
      values,
    })),
    fc.tuple(tie('whole'), fc.nat(2), fc.boolean()).map(([{ schema, values }, least, isCut]): Case => {
      const list = z.array(schema).min(least).max(3);
      return {
        schema: isCut
          ? z
              .array(schema)
              .overwrite((items) => items.slice(0, 1))
              .max(1)
          : list,
        values: [[], values.slice(0, 1), values.slice(0, 2), values],
      };
    }),
    fc
      .array(tie('whole'), { minLength: 1, maxLength: 3 })
      .chain((cases) =>
        fc
          .constantFrom(
            'union',
            'xor',
            'tuple',
            'rest',
            'object',
            'strict',
            'loose',
            'and',
            'record',
            'partial',
            'looseRecord',
          )
          .map((kind) => combine(kind, cases)),
      ),
  ),
}));

function combine(kind: string, cases: readonly Case[]): Case {
  const [first = { schema: z.any(), values: [] }] = cases;
  const schemas = cases.map(({ schema }) => schema) as [z.ZodType, ...z.ZodType[]];
  const shape = Object.fromEntries(schemas.map((schema, index) => [keys[index] ?? 'd', schema]));
  const rows = [0, 1, 2].map((row) =>
    cases.map(({ values }) => values[row % Math.max(values.length, 1)] ?? null),
  );
  const objects = [
    ...rows.flatMap((row) => [
      Object.fromEntries(row.map((value, index) => [keys[index] ?? 'd', value])),
      Object.fromEntries(row.slice(1).map((value, index) => [keys[index + 1] ?? 'd', value])),
    ]),
    {},
    { more: 1 },
  ];
  const records = [...objects, { 1: first.values[0] ?? null }, { A: first.values[0] ?? null }];
  switch (kind) {
    case 'union':
      return { schema: z.union(schemas), values: cases.flatMap(({ values }) => values) };
    case 'xor':
      return { schema: z.xor(schemas), values: cases.flatMap(({ values }) => values) };
    case 'tuple':
      return { schema: z.tuple(schemas), values: [...rows, rows[0]?.slice(1), []] };
    case 'rest':
      return { schema: z.tuple(schemas, z.number()), values: [...rows, [...(rows[0] ?? []), 1], []] };
    case 'strict':
      return { schema: z.strictObject(shape), values: objects };
    case 'loose':
      return { schema: z.looseObject(shape), values: objects };
    case 'and': {
      const [one, ...more] = Object.entries(shape).map(([key, schema]) => z.strictObject({ [key]: schema }));
      const both = more.reduce<z.ZodType>((left, right) => z.intersection(left, right), one ?? z.any());
      return { schema: both, values: objects };
    }
    case 'record':
      return { schema: z.record(z.enum(['a', 'b']), first.schema), values: records };
    case 'partial':
      return { schema: z.partialRecord(z.enum(['a', 'b']), first.schema), values: records };
    case 'looseRecord':
      return { schema: z.looseRecord(z.string().regex(/^[ab]$/i), first.schema), values: records };
    default:
      return { schema: z.object(shape), values: objects };
  }
}

suite('a published schema', () => {
  for (const [index, { schema, values }] of [...texts, ...others].entries()) {
    test(`${index}, of ${schema._zod.def.type}, takes what zod takes`, () => {
      for (const value of values) {
        if (schema.safeParse(value).success)
          assert.ok(isTaken(schema, value), JSON.stringify([value, publishedSchema(schema)]));
      }
    });
  }

  test('of any schema takes what zod takes', () => {
    let taken = 0;
    fc.assert(
      fc.property(whole, fc.jsonValue(), ({ schema, values }, any) => {
        for (const given of [...values, any]) {
          const value: unknown = given === undefined ? null : JSON.parse(JSON.stringify(given));
          if (!schema.safeParse(value).success) continue;
          taken++;
          assert.ok(isTaken(schema, value), JSON.stringify([value, publishedSchema(schema)]));
        }
      }),
      { numRuns: 3000 },
    );
    assert.ok(taken > 3000, String(taken));
  });

  test('still says what JSON Schema can say', () => {
    const schema = z.object({
      name: z
        .string()
        .min(1)
        .max(20)
        .regex(/^[a-z]+$/)
        .describe('Its name'),
      when: z.iso.datetime().optional(),
      count: z.int().min(1).default(1),
      note: z.string().trim(),
    });
    const { properties, required } = publishedSchema(schema) as z.core.JSONSchema.ObjectSchema;
    assert.deepEqual(required, ['name', 'note']);
    assert.deepEqual(properties?.['name'], {
      type: 'string',
      minLength: 1,
      maxLength: 20,
      pattern: '^[a-z]+$',
      description: 'Its name',
    });
    assert.equal((properties?.['when'] as { format?: string }).format, 'date-time');
    assert.equal((properties?.['count'] as { minimum?: number }).minimum, 1);
    assert.equal(isTaken(schema, { name: 'A', note: '' }), false);
    assert.equal(isTaken(schema, { note: '' }), false);
  });
});
