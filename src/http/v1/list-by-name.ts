import { z } from 'zod';
import { answer, operation, type Operation } from '../api/operation.ts';
import { integer } from '../api/parameters.ts';

/** What there is of one kind, a page at a time, in the order of its names. */
interface ListByName<Row> {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  /** The key of the answer that has them. */
  readonly key: string;
  readonly row: z.ZodType<Row>;
  readonly list: (page: {
    readonly limit: number;
    readonly after?: string | undefined;
  }) => Promise<readonly Row[]>;
  /** What names one, and comes back as the cursor. */
  readonly nameOf: (row: Row) => string;
}

/** The operation that lists them. */
export function listByName<Row>({ id, path, summary, key, row, list, nameOf }: ListByName<Row>): Operation {
  return operation({
    id,
    method: 'get',
    path,
    summary,
    right: 'read',
    query: z.strictObject({
      limit: integer({ min: 1, max: 1000 }).prefault('50'),
      cursor: z.string().optional().describe('The cursor of the page before.'),
    }),
    answers: {
      200: {
        description: `A page of ${key}.`,
        schema: z.object({
          [key]: z.array(row),
          cursor: z.string().nullable().describe('From where the next page goes on; null: there is none.'),
        }),
      },
    },
    run: async ({ query: { limit, cursor } }) => {
      const rows = await list({ limit, after: cursor });
      const last = rows.at(-1);
      return answer(200, {
        [key]: rows,
        cursor: last === undefined || rows.length < limit ? null : nameOf(last),
      });
    },
  });
}
