import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import type { SecretPlace } from '../secrets/secret-places.ts';
import { checkArgument } from './check-argument.ts';
import { publishedSecretPlaces } from './published-secrets.ts';
import type { TaskRegistry } from './task-registry.ts';

/** The schemas of a task type's arguments; what is undefined cannot be checked here. */
interface ArgumentSchemas {
  readonly args: z.ZodType | undefined;
  readonly kwargs: z.ZodType | undefined;
}

const publishedSchema = z.object({ args: z.unknown(), kwargs: z.unknown() });

/**
 * Checks tasks by what is known of their types: by the task types at hand, for others by what workers have published.
 * Each type is looked up once.
 */
export class TaskTypeCheck {
  readonly #registry: TaskRegistry;
  readonly #withPatterns: boolean;
  readonly #known: Map<string, Promise<ArgumentSchemas>>;

  /**
   * @param registry the task types at hand, if any
   * @param options.withPatterns whether texts are compared with patterns that were published. A pattern can take without end, which
   *   a process that serves many does not risk: the worker compares them in any case. Default: they are
   */
  constructor(registry: TaskRegistry = new Map(), { withPatterns = true }: { withPatterns?: boolean } = {}) {
    this.#registry = registry;
    this.#withPatterns = withPatterns;
    this.#known = new Map(Array.from(registry, ([name, type]) => [name, Promise.resolve(type)]));
  }

  /**
   * @throws PulpError UNKNOWN_TASK_TYPE if no worker has published the type; the message has the names most like it
   * @throws PulpError INVALID_INPUT if the arguments are not what the type takes
   */
  async check(name: string, args: unknown, kwargs: unknown): Promise<void> {
    let schemas = this.#known.get(name);
    if (schemas === undefined) {
      schemas = readPublished(name, (schema) =>
        readSchema(this.#withPatterns ? schema : withoutPatterns(schema)),
      );
      this.#known.set(name, schemas);
    }
    const type = await schemas;
    const secrets = await this.secretPlaces(name);
    checkArgument(type.args, args, 'args', secrets);
    checkArgument(type.kwargs, kwargs, 'kwargs', secrets);
  }

  /** Where in `{ args, kwargs }` a type's secrets are. */
  async secretPlaces(name: string): Promise<readonly SecretPlace[]> {
    return this.#registry.get(name)?.secretPlaces() ?? publishedSecretPlaces(name);
  }
}

async function readPublished(
  name: string,
  read: (schema: unknown) => z.ZodType | undefined,
): Promise<ArgumentSchemas> {
  const pool = await getConnection();
  const { schema } = await retrying(() =>
    pool.one(sql.type(z.object({ schema: publishedSchema, checked: z.unknown() }))`
      select pulp.check_task_types(array[${name}]) as checked,
        (select schema from pulp.task_type where name = ${name}) as schema`),
  );
  return { args: read(schema.args), kwargs: read(schema.kwargs) };
}

/** A schema as a worker published it; one that says more than can be read here is left to the worker. */
function readSchema(published: unknown): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return undefined;
  }
}

/** A schema without what compares texts with patterns. */
function withoutPatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutPatterns);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) =>
      (key === 'pattern' && typeof value === 'string') || key === 'patternProperties'
        ? []
        : [[key, withoutPatterns(value)]],
    ),
  );
}
