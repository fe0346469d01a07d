import type { Context } from 'hono';
import type { z } from 'zod';
import type { Caller, Right } from '../access/rights.ts';
import type { QuerySchema } from './parameters.ts';

/** Of what type answers are, where nothing else is said. The same for all: Pulp's clients compare it byte by byte. */
export const JSON_TYPE = 'application/json';

/** What is given to the code of an operation. */
export interface Asked<Query extends QuerySchema, Body extends z.ZodType> {
  /** The part of the path that a name in it stands for, such as `id`; empty where there is none. */
  readonly part: (name: string) => string;
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
  readonly context: Context;
  /** Who asks; undefined where nobody has to say it. */
  readonly caller: Caller | undefined;
  /** Throws if who asks would be refused by now: for what answers without end, to ask now and then. */
  readonly confirm: () => Promise<void>;
}

/** An answer that an operation may give. */
export interface Answer {
  readonly description: string;
  /** Default: it has no body. */
  readonly schema?: z.ZodType;
  /** Default `application/json`. */
  readonly type?: string;
}

/** An operation of the API: what its document says of it, and its code. */
export interface Operation<Query extends QuerySchema = QuerySchema, Body extends z.ZodType = z.ZodType> {
  readonly id: string;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** Names in it have a colon before them. */
  readonly path: string;
  /** What the document calls the path, if something else than the path itself. */
  readonly template?: string;
  /** What the parts of the path mean. */
  readonly parts?: Readonly<Record<string, string>>;
  readonly summary: string;
  /** The right that it takes. `anybody`: none, and nobody has to say who they are. */
  readonly right: Right | 'anybody';
  readonly query: Query;
  /** Default: it takes none. */
  readonly body?: Body;
  /** How many bytes the body may have. */
  readonly mostBytes?: number;
  readonly answers: Readonly<Record<number, Answer>>;
  // A method, so that one that takes more still is an Operation.
  run(asked: Asked<Query, Body>): Promise<Response>;
}

/** Defines an operation. */
export function operation<Query extends QuerySchema, Body extends z.ZodType>(
  definition: Operation<Query, Body>,
): Operation {
  return definition;
}

/** Answers with JSON. */
export function answer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'Content-Type': JSON_TYPE, ...headers } });
}
