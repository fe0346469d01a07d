import { z } from 'zod';
import { problem, PROBLEM_TYPE } from '../problem.ts';
import { JSON_TYPE, type Answer, type Operation } from './operation.ts';
import { isList, type QuerySchema } from './parameters.ts';

/** What the document says of the API as a whole. */
export interface DocumentOptions {
  readonly version: string;
  /** Whether callers have to say who they are. */
  readonly needsToken: boolean;
  /** What Pulp's clients look for: the components that there are, with their versions. */
  readonly components: Readonly<Record<string, string>>;
}

/** A part of an OpenAPI document. */
type Json = Readonly<Record<string, unknown>>;

/**
 * The OpenAPI document of some operations, made of the schemas that they are checked by. Pulp's clients refuse a document with
 * anything that their model does not foresee: a test holds it to that.
 */
export function apiDocument(operations: readonly Operation[], options: DocumentOptions): Json {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    const path = operation.template ?? operation.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[operation.method] = operationObject(operation, path, schemas);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Pulp tasking',
      version: options.version,
      description:
        "Tasks, workers and what happened: version 3 of Pulp's API of its tasks, and an API of our own.",
      'x-pulp-app-versions': options.components,
      'x-pulp-domain-enabled': false,
    },
    paths,
    components: {
      schemas: schemas.components(),
      securitySchemes: {
        basicAuth: {
          type: 'http',
          scheme: 'basic',
          description: "A user's name, and a token as the password.",
        },
        tokenAuth: { type: 'http', scheme: 'bearer', description: 'A token.' },
      },
    },
    security: options.needsToken ? [{ basicAuth: [] }, { tokenAuth: [] }] : [{}],
  };
}

function operationObject(operation: Operation, path: string, schemas: Schemas): Json {
  const { id, summary, right, body, parts = {} } = operation;
  return {
    operationId: id,
    summary,
    tags: [tagOf(operation.path)],
    ...(right === 'anybody' ? { security: [{}] } : { 'x-right': right }),
    parameters: [
      ...Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => ({
        name,
        in: 'path',
        required: true,
        description: parts[name],
        schema: { type: 'string' },
      })),
      ...queryParameters(operation.query),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content: { [JSON_TYPE]: { schema: schemas.refer(body, `${id}_body`) } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, answer]) => [
          status,
          responseObject(answer, schemas, `${id}_${status}`),
        ]),
      ),
      default: {
        description: 'What was wrong, and what to do about it.',
        content: { [PROBLEM_TYPE]: { schema: schemas.refer(problem, 'Problem') } },
      },
    },
  };
}

/** The part of the API that an address is in, whatever the document calls it. */
function tagOf(path: string): 'v1' | 'pulp' | 'metrics' {
  if (path.startsWith('/api/v1/')) return 'v1';
  return path.startsWith('/pulp/') ? 'pulp' : 'metrics';
}

function responseObject(
  { description, schema, type = JSON_TYPE }: Answer,
  schemas: Schemas,
  name: string,
): Json {
  return { description, ...(schema && { content: { [type]: { schema: schemas.refer(schema, name) } } }) };
}

function queryParameters(query: QuerySchema): readonly Json[] {
  return Object.entries(query.shape).map(([name, schema]) => {
    const { description, default: standard, ...rest } = inlineSchema(schema);
    return {
      name,
      in: 'query',
      ...(description !== undefined && { description }),
      required: false,
      schema: standard === undefined ? rest : { ...rest, default: Number(standard) },
      ...(isList(schema) && { style: 'form', explode: false }),
    };
  });
}

/** How zod's schemas are written: as they are before anything is made of them, so times are text. */
const WRITTEN = {
  io: 'input',
  unrepresentable: 'any',
  override: ({
    zodSchema,
    jsonSchema,
  }: {
    zodSchema: z.core.$ZodTypes;
    jsonSchema: z.core.JSONSchema.BaseSchema;
  }) => {
    if (zodSchema._zod.def.type === 'date')
      Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
  },
} as const;

function inlineSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, WRITTEN);
  return rest;
}

/** The schemas of a document, each under one name. */
class Schemas {
  readonly #registry = z.registry<{ id: string }>();

  /** A reference to a schema, by the name that it has, or else is given. */
  refer(schema: z.ZodType, name: string): Json {
    const id = this.#registry.get(schema)?.id ?? schema.meta()?.id ?? name;
    if (!this.#registry.has(schema)) this.#registry.add(schema, { id });
    return { $ref: reference(id) };
  }

  components(): Json {
    const made = z.toJSONSchema(this.#registry, { ...WRITTEN, uri: reference }).schemas;
    // What only others refer to is put aside by zod: here each schema has a name of its own.
    const together = { ...made, ...(made[SHARED]?.$defs as typeof made | undefined) };
    const named = Object.entries(together).filter(([name]) => name !== SHARED);
    const bare = named.map(([name, { $schema: _, $id: __, id: ___, ...schema }]) => [name, schema]);
    const text = JSON.stringify(Object.fromEntries(bare));
    return JSON.parse(text.replaceAll(`${reference(SHARED)}#/$defs/`, reference(''))) as Json;
  }
}

/** Under which name zod puts aside what has a name, and was not asked for. */
const SHARED = '__shared';

function reference(id: string): string {
  return `#/components/schemas/${id}`;
}
