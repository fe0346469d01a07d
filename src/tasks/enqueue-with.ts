import { z } from 'zod';
import { toPulpError } from '../postgres/sql-error.ts';
import { unionOfPlaces } from '../secrets/secret-places.ts';
import type { TaskType } from './define-task.ts';
import { enqueueBy, writeTasks, type NamedRequest } from './enqueue.ts';
import { learnPublished, placesOfSecrets, publishedPlaces } from './published-secrets.ts';
import type { RequestOptions } from './typed-request.ts';
import { toColumns } from './task-columns.ts';
import { TaskHandle } from './task-handle.ts';

/** Anything that runs a statement with parameters on one connection, as the clients of `pg` do. */
export interface QueryClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** `id` is null where nothing was enqueued, since the type has published secrets that came unencrypted. */
const standing = z.tuple([z.object({ id: z.string().nullable(), published: publishedPlaces })]);

/**
 * Enqueues, but where any code has published secrets of the type elsewhere than was looked for them: an error would be the end of the
 * caller's transaction.
 */
const ENQUEUE = `
  select published, case
    when not exists (
      select from jsonb_array_elements(published) place where place <> all (array(select jsonb_array_elements($9::jsonb)))
    ) then (pulp.enqueue_columns($1, $2, $3, $4, $5, $6, $7))[1] end as id
  from (select (select schema -> 'secrets' from pulp.task_type where name = $8) as published) t`;

/**
 * Enqueues a task in a transaction of the caller's own: it is there when that is committed, and never was if that is rolled back.
 * Nothing that failed is repeated here, since only the caller can repeat his transaction.
 *
 * @param client where the transaction is open; without one, the task is there at once
 * @throws as `enqueueWithReservation`; the transaction cannot go on then, as after any error in Postgres
 */
export async function enqueueWith<ArgsSchema extends z.ZodType, KwargsSchema extends z.ZodType, Result>(
  client: QueryClient,
  task: TaskType<ArgsSchema, KwargsSchema, Result> | string,
  ...[options]: RequestOptions<ArgsSchema, KwargsSchema>
): Promise<TaskHandle<Result>> {
  const [id = ''] = await enqueueBy([{ ...options, task }], (requests) =>
    Promise.all(requests.map((request) => enqueueOn(client, request))),
  );
  return new TaskHandle(id);
}

/** Enqueues a request, its secrets encrypted wherever the code at hand or any that was published marks them; gives the task's id. */
async function enqueueOn(
  client: QueryClient,
  { secrets: marked, ...request }: NamedRequest,
): Promise<string> {
  let secrets = await placesOfSecrets(request.task, marked);
  for (;;) {
    const written = await writeTasks([{ ...request, secrets }]);
    const { id, published } = await ask(client, [
      ...toColumns(written),
      request.task,
      JSON.stringify(secrets),
    ]);
    if (id !== null) return id;
    learnPublished(request.task, published);
    secrets = unionOfPlaces(secrets, published);
  }
}

async function ask(client: QueryClient, values: unknown[]): Promise<z.infer<typeof standing>[0]> {
  try {
    const { rows } = await client.query(ENQUEUE, values);
    return standing.parse(rows)[0];
  } catch (error) {
    throw toPulpError(error);
  }
}
