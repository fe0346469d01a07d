import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Answered, Asking, Served } from './served.ts';

type Json = Record<string, unknown>;

/** The document of the API, as far as tests look into it. */
export interface Document extends Json {
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly securitySchemes: Json };
  readonly security: readonly Json[];
}

interface Operation extends Json {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { schema: Json }>>;
  };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, { schema: Json }>> }
    >
  >;
}

interface Parameter extends Json {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Json;
}

/** The operations of a document, by their ids. */
export function operationsOf(
  document: Document,
): ReadonlyMap<string, Operation & { path: string; method: string }> {
  return new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [operation.operationId, { ...operation, path, method }] as const,
      ),
    ),
  );
}

/** Holds an answer to what the document says of the operation: its type to the byte, and all of its members. */
export function checkAnswer(
  document: Document,
  operationId: string,
  { status, headers, data, text }: Answered,
): void {
  const operation = operationsOf(document).get(operationId);
  assert(operation, `there is no operation ${operationId}`);
  const response = operation.responses[String(status)];
  assert(response, `${operationId}: ${status} is not documented: ${text}`);
  const types = Object.keys(response.content ?? {});
  if (types.length === 0) {
    assert.equal(text, '');
    return;
  }
  assert.deepEqual(types, [headers.get('content-type')]);
  const schema = strict(resolved(document, response.content?.[types[0] ?? '']?.schema ?? {}));
  const result = z.fromJSONSchema(schema as never).safeParse(data);
  assert(result.success, `${operationId}: ${z.prettifyError(result.error ?? new z.ZodError([]))}\n${text}`);
}

/** A schema with all that it refers to put in. */
function resolved(document: Document, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((part) => resolved(document, part));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, ...rest } = schema as Json;
  const known = typeof $ref === 'string' ? document.components.schemas[$ref.split('/').at(-1) ?? ''] : {};
  assert(known, `${String($ref)} refers to nothing`);
  return Object.fromEntries(
    Object.entries({ ...known, ...rest }).map(([key, part]) => [key, resolved(document, part)]),
  );
}

/** A schema that takes no members but those that it names. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, strict(part)]));
  return 'properties' in parts ? { additionalProperties: false, ...parts } : parts;
}

/** Asks a server for operations below a path, each of which has to succeed, and to answer as the document says. */
export async function askAsDocumented(served: Served, root: string) {
  const response = await fetch(`${served.url}/api/v1/openapi.json`);
  const document = (await response.json()) as Document;
  return async (operationId: string, path: string, options: Asking = {}): Promise<unknown> => {
    const answered = await served.ask(root + path, options);
    assert(answered.status < 300, answered.text);
    checkAnswer(document, operationId, answered);
    return answered.data;
  };
}
