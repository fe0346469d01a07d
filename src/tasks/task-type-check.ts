import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';
import { unionOfPlaces, type SecretPlace } from '../secrets/secret-places.ts';
import { checkArgument } from './check-argument.ts';
import { checkByPublished } from './published-check.ts';
import { publishedSecretPlaces } from './published-secrets.ts';
import type { PublishedDefaults } from './task-defaults.ts';
import type { TaskRegistry } from './task-registry.ts';

/** How the arguments of one task type are checked. */
type ArgumentCheck = (
  value: unknown,
  path: 'args' | 'kwargs',
  secrets: readonly SecretPlace[],
) => Promise<void> | void;

const publishedSchema = z.object({ args: z.unknown(), kwargs: z.unknown() });

/**
 * Checks tasks by what is known of their types: by the task types at hand, for others by what workers have published.
 * Each type is looked up once.
 */
export class TaskTypeCheck {
  readonly #registry: TaskRegistry;
  readonly #known: Map<string, Promise<ArgumentCheck>>;

  /** @param registry the task types at hand, if any */
  constructor(registry: TaskRegistry = new Map()) {
    this.#registry = registry;
    this.#known = new Map(
      Array.from(registry, ([name, type]) => [
        name,
        Promise.resolve<ArgumentCheck>((value, path, secrets) => {
          checkArgument(type[path], value, path, secrets);
        }),
      ]),
    );
  }

  /**
   * @throws PulpError UNKNOWN_TASK_TYPE if no worker has published the type; the message has the names most like it
   * @throws PulpError INVALID_INPUT if the arguments are not what the type takes; SCHEMA_TOO_DEAR if that cannot be found out
   */
  async check(name: string, args: unknown, kwargs: unknown): Promise<void> {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = readPublished(name);
      this.#known.set(name, known);
    }
    const checkBy = await known;
    const secrets = await this.secretPlaces(name);
    await checkBy(args, 'args', secrets);
    await checkBy(kwargs, 'kwargs', secrets);
  }

  /** What a type says of its tasks, where its code is at hand; else the database adds what was published. */
  defaults(name: string): PublishedDefaults | undefined {
    return this.#registry.get(name)?.defaults;
  }

  /** Where in `{ args, kwargs }` a type's secrets are, by the code at hand or by any that was published. */
  async secretPlaces(name: string): Promise<readonly SecretPlace[]> {
    const marked = this.#registry.get(name)?.secretPlaces() ?? [];
    return unionOfPlaces(marked, await publishedSecretPlaces(name));
  }
}

async function readPublished(name: string): Promise<ArgumentCheck> {
  const pool = await getConnection();
  const { schema } = await retrying(() =>
    pool.one(sql.type(z.object({ schema: publishedSchema, checked: z.unknown() }))`
      select pulp.check_task_types(array[${name}]) as checked,
        (select schema from pulp.task_type where name = ${name}) as schema`),
  );
  return (value, path, secrets) => checkByPublished(name, { schema: schema[path], value, path, secrets });
}
