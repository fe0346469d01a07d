import { z } from 'zod';
import { integer, list } from '../api/parameters.ts';

/** How many things a page has where nobody says, and at most. */
const PAGE = 100;
const MOST = 1000;

/** How far a page may begin from the first. */
const FARTHEST = 2 ** 31 - 1;

/** Which members of a thing are wanted. */
export const fieldParameters = {
  fields: list(z.string()).describe('The fields that are wanted; default: all.'),
  exclude_fields: list(z.string()).describe('The fields that are not wanted.'),
};

/** Which part of a list is wanted. */
export const pageParameters = {
  limit: integer({ min: 1, max: MOST }).prefault(String(PAGE)).describe('How many at most.'),
  offset: integer({ min: 0, max: FARTHEST }).prefault('0').describe('How many to skip.'),
  ordering: list(z.string()).describe('What to sort by; a minus before it: descending.'),
  prn__in: list(z.string()).describe('Those with one of these names.'),
  ...fieldParameters,
};

/** A page of things. */
export function pageOf<Thing extends z.ZodType>(thing: Thing) {
  return z.object({
    count: z.int().describe('How many there are on all pages.'),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    results: z.array(thing),
  });
}

interface Fields {
  readonly fields?: readonly string[] | undefined;
  readonly exclude_fields?: readonly string[] | undefined;
}

/** The members of a thing that are wanted. */
export function wanted(thing: object, { fields, exclude_fields: excluded }: Fields): object {
  if (fields === undefined && excluded === undefined) return thing;
  return Object.fromEntries(
    Object.entries(thing).filter(
      ([name]) => (fields?.includes(name) ?? true) && excluded?.includes(name) !== true,
    ),
  );
}

/** Puts together a page. */
export function page(
  url: string,
  query: Fields & { readonly limit: number; readonly offset: number },
  { count, results }: { readonly count: number; readonly results: readonly object[] },
) {
  const { limit, offset } = query;
  const at = (place: number) => {
    const other = new URL(url);
    other.searchParams.set('offset', String(place));
    other.searchParams.set('limit', String(limit));
    return other.href;
  };
  return {
    count,
    next: offset + limit < count ? at(offset + limit) : null,
    previous: offset > 0 ? at(Math.max(0, offset - limit)) : null,
    results: results.map((thing) => wanted(thing, query)),
  };
}
