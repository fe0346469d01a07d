import { z } from 'zod';
import { isRecordable } from '../../recordable-time.ts';
import { invalid } from '../http-error.ts';

/** What a query of an operation is made of. */
export type QuerySchema = z.ZodObject<Record<string, z.ZodType>>;

const INTEGER = /^-?\d{1,10}$/;
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** An integer. */
export function integer({ min, max }: { min: number; max: number }) {
  return z
    .string()
    .transform((text, context) => {
      const number = INTEGER.test(text) ? Number(text) : NaN;
      if (number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message: `must be an integer from ${min} to ${max}` });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: min, maximum: max });
}

/** A moment in ISO 8601: a time with its offset, or a date, which means its beginning in UTC. */
export function moment() {
  return z
    .string()
    .transform((text, context) => {
      const at = new Date(TIME.test(text) ? text : NaN);
      if (isRecordable(at)) return at;
      context.addIssue({ code: 'custom', message: 'must be a time such as 2030-01-31T12:00:00Z, or a date' });
      return z.NEVER;
    })
    .meta({ type: 'string', format: 'date-time' });
}

/** Yes or no. */
export function flag() {
  return z
    .stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], error: 'must be true or false' })
    .meta({ type: 'boolean' });
}

/** Several values: the parameter is given more than once, or once with commas between the values. */
export function list<Item extends z.ZodType>(item: Item) {
  return z.array(item).optional();
}

/** Whether a parameter may have several values. */
export function isList(schema: z.ZodType): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodArray;
}

/**
 * Reads the query of a request.
 *
 * @throws HttpError 400 for what is not a parameter (a filter that is left out without a word would widen), what is there
 * twice, and what cannot be read
 */
export function readQuery<Schema extends QuerySchema>(
  schema: Schema,
  given: URLSearchParams,
): z.output<Schema> {
  const read: Record<string, string | string[]> = {};
  for (const name of new Set(given.keys())) {
    const parameter = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
    if (parameter === undefined) {
      const known = Object.keys(schema.shape);
      throw invalid(
        `there is no parameter ${JSON.stringify(name.slice(0, 100))}`,
        known.length === 0 ? 'This takes none.' : `There are ${known.join(', ')}.`,
      );
    }
    const values = given.getAll(name);
    if (values.some((value) => value.includes('\0'))) throw invalid(`${name}: holds a NUL character`);
    if (isList(parameter)) read[name] = values.flatMap((value) => (value === '' ? [] : value.split(',')));
    else if (values.length > 1) throw invalid(`${name}: is there ${values.length} times`);
    else read[name] = values[0] ?? '';
  }
  return parsed(schema, read);
}

/** What a schema makes of a value. @throws HttpError 400 that names the first thing that is wrong */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what = '',
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [what, ...(issue?.path ?? [])].map(String).filter((part) => part !== '');
  throw invalid(
    [path.join('.'), issue?.message ?? 'is not allowed'].filter((part) => part !== '').join(': '),
  );
}
