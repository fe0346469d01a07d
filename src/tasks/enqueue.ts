import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { sealArguments } from '../secrets/arguments.ts';
import type { SecretPlace } from '../secrets/secret-places.ts';
import { secretRealm } from '../secrets/secret-realm.ts';
import { checkArgument } from './check-argument.ts';
import { getCurrentTask } from './current.ts';
import { isTaskType, type TaskType } from './define-task.ts';
import { ENQUEUE_OPTIONS, enqueueOptions, type EnqueueOptions } from './enqueue-options.ts';
import { enqueueTogether } from './enqueue-together.ts';
import { enqueueWritten } from './enqueue-written.ts';
import { newTaskId } from '../new-task-id.ts';
import { checkMembersApart, writePayload } from './payload.ts';
import { knowingSecrets, placesOfSecrets } from './published-secrets.ts';
import { refusedItem } from './refused-item.ts';
import { resourceNames, UnsupportedResourceError, type Resource } from './resource.ts';
import type { WrittenTask } from './task-columns.ts';
import { TaskHandle } from './task-handle.ts';
import type { FittingIterable, FittingRequests, HandlesOf, RequestOptions } from './typed-request.ts';
import { enqueueTraced } from './tracing.ts';
import { withDefaults } from './task-defaults.ts';
import { workersService } from './workers-service.ts';

/** A task to enqueue: its type (or registered name), arguments, claims and options. */
export interface EnqueueRequest<
  ArgsSchema extends z.ZodType = z.ZodType,
  KwargsSchema extends z.ZodType = z.ZodType,
> extends EnqueueOptions {
  readonly task: TaskType<ArgsSchema, KwargsSchema> | string;
  readonly resources?: readonly Resource[];
  readonly args?: z.input<ArgsSchema>;
  readonly kwargs?: z.input<KwargsSchema>;
}

/** A request as far as it can be checked without a database: its type is named, and all of it is JSON. */
export interface NamedRequest extends Options {
  readonly task: string;
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly resources: readonly string[];
  readonly sharedResources: readonly string[];
  readonly at?: string | undefined;
  /** Where its secrets are; undefined: its type is not at hand. */
  readonly secrets?: readonly SecretPlace[] | undefined;
}

/** What is undefined was not said. */
type Options = { readonly [Key in Exclude<keyof EnqueueOptions, 'at'>]?: EnqueueOptions[Key] | undefined };

/** What a request may say. */
const REQUEST_KEYS: readonly string[] = [
  'task',
  'args',
  'kwargs',
  'resources',
  ...Object.keys(ENQUEUE_OPTIONS),
];

/** What goes to the database beside the columns of a task: the options, with their keys in an item. */
const REST = enqueueOptions
  .filter(([name]) => name !== 'id' && name !== 'sharedResources')
  .map(([name, { key }]) => [name, key] as const);

/**
 * Enqueues a task that claims resources (pulpcore's `enqueue_with_reservation`). No two tasks that claim the same
 * resource run at once, unless both share it. The task's row exists when this returns. Safe against a lost connection:
 * the task's id is made here, and the same id is enqueued once.
 *
 * @throws UnsupportedResourceError if a resource is neither a string nor an object with a url
 * @throws PulpError INVALID_INPUT, UNKNOWN_TASK_TYPE, ID_CONFLICT, NO_SECRET_KEYS, MISSING_DEPENDENCY, DEPENDENCY_CIRCLE, MISSING_GROUP or
 *   GROUP_DISPATCHED; nothing is written then
 */
export async function enqueueWithReservation<
  ArgsSchema extends z.ZodType,
  KwargsSchema extends z.ZodType,
  Result,
>(
  task: TaskType<ArgsSchema, KwargsSchema, Result> | string,
  resources: readonly Resource[],
  ...[options]: RequestOptions<ArgsSchema, KwargsSchema, 'task' | 'resources'>
): Promise<TaskHandle<Result>> {
  const [handle] = await enqueueMany([{ ...options, task, resources }]);
  if (handle === undefined) throw new Error('one task enqueued, none returned');
  return handle as TaskHandle<Result>;
}

/**
 * Enqueues many tasks, all or none, in order. Each has the arguments that its own type takes.
 *
 * @throws as `enqueueWithReservation`; of several requests, the index of the bad one is in the message
 */
export async function enqueueMany<const Requests extends readonly EnqueueRequest[]>(
  requests: FittingRequests<Requests>,
): Promise<HandlesOf<Requests>>;
export async function enqueueMany<const Request extends EnqueueRequest>(
  requests: FittingIterable<Request>,
): Promise<HandlesOf<Request[]>>;
export async function enqueueMany(requests: Iterable<EnqueueRequest>): Promise<TaskHandle[]> {
  const all = Array.isArray(requests) ? (requests as readonly EnqueueRequest[]) : Array.from(requests);
  const worker = workersService();
  const ids = await enqueueBy(all, (named) =>
    worker === undefined ? enqueueNamed(named) : worker.enqueue(each(named, sendable)),
  );
  return ids.map((id) => new TaskHandle(id));
}

/**
 * Checks requests as far as that can be done without a database, and has them sent within a span of the caller's trace, which travels
 * with them. Whatever enqueues from TypeScript goes this way.
 *
 * @param send enqueues them and gives their ids
 * @throws PulpError INVALID_INPUT, and what `send` throws
 */
export async function enqueueBy(
  requests: readonly EnqueueRequest[],
  send: (named: readonly NamedRequest[]) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const named = each(requests, nameRequest);
  return enqueueTraced(
    named.map(({ task }) => task),
    (traceContext) =>
      send(traceContext === undefined ? named : named.map((request) => ({ traceContext, ...request }))),
  );
}

/**
 * Enqueues by the connection and the keys of this process, and gives the ids.
 *
 * @throws as `enqueueMany`
 */
export async function enqueueNamed(requests: readonly NamedRequest[]): Promise<readonly string[]> {
  return knowingSecrets(async () => {
    const tasks = await writeTasks(requests);
    const [task] = tasks;
    if (requests.length > 1 || task === undefined) return enqueueAll(tasks);
    return [await enqueueTogether(task, { isIdGiven: requests[0]?.id != null })];
  });
}

/**
 * Writes requests for the database, their secrets encrypted.
 *
 * @throws as `enqueueMany`
 */
export async function writeTasks(requests: readonly NamedRequest[]): Promise<WrittenTask[]> {
  const places = new Map<unknown, readonly SecretPlace[]>();
  const keyOf = ({ task, secrets }: NamedRequest) => secrets ?? task; // the marks of a type are one object
  for (const request of requests) {
    const key = keyOf(request);
    if (!places.has(key)) places.set(key, await placesOfSecrets(request.task, request.secrets));
  }
  const realm = [...places.values()].some(({ length }) => length > 0) ? await secretRealm() : '';
  return each(requests, (request) => writeTask(request, places.get(keyOf(request)) ?? [], realm));
}

/** Of several requests, a refusal tells which one it is about. */
function each<Request, Made>(requests: readonly Request[], make: (request: Request) => Made): Made[] {
  return requests.map((request, index) => {
    try {
      return make(request);
    } catch (error) {
      throw requests.length > 1 && error instanceof PulpError ? locate(error, index) : error;
    }
  });
}

async function enqueueAll(tasks: readonly WrittenTask[]): Promise<string[]> {
  let from = 0;
  try {
    return await enqueueWritten(tasks, (index) => {
      from = index;
    });
  } catch (error) {
    const refused = refusedItem(error);
    throw tasks.length > 1 && refused !== undefined ? locate(refused.error, from + refused.index) : error;
  }
}

/** Checks a request as far as that can be done without a database. @throws PulpError INVALID_INPUT */
function nameRequest(request: EnqueueRequest): NamedRequest {
  refuseUnknownKeys(request);
  const { task, at, unchecked, ...rest } = request;
  const args = request.args ?? [];
  const kwargs = request.kwargs ?? {};
  if (typeof task !== 'string' && !isTaskType(task)) {
    throw new PulpError('INVALID_INPUT', 'task: must be a task type or the name of one', {
      remedy: 'Give what defineTask returned; nothing was enqueued.',
      exitCode: 2,
    });
  }
  const type = typeof task === 'string' ? undefined : task;
  const secrets = type?.secretPlaces();
  checkArgument(type?.args, args, 'args', secrets ?? []);
  checkArgument(type?.kwargs, kwargs, 'kwargs', secrets ?? []);
  const named = {
    ...withDefaults(rest, type?.defaults),
    at: at instanceof Date ? checkedTime(at).toISOString() : at,
    resources: 'resources' in request ? resourceNames(request.resources, 'resources') : [],
    sharedResources:
      'sharedResources' in request ? resourceNames(request.sharedResources, 'sharedResources') : [],
    unchecked: (type !== undefined || unchecked) ?? undefined,
  };
  return { ...named, task: typeof task === 'string' ? task : task.name, args, kwargs, secrets };
}

/** A request that arrives as it was sent. @throws PulpError INVALID_INPUT */
function sendable(request: NamedRequest): NamedRequest {
  const { args, kwargs, secrets: _, ...rest } = request;
  checkMembersApart(rest);
  for (const [name, { form }] of enqueueOptions) checkForm(name, form, request[name]);
  writePayload(args, 'args');
  writePayload(kwargs, 'kwargs');
  return request;
}

/** @throws PulpError INVALID_INPUT for what the worker would not take */
function checkForm(name: string, form: z.ZodType, value: unknown): void {
  if (value === undefined) return;
  const { error } = form.safeParse(value);
  if (error === undefined) return;
  throw new PulpError('INVALID_INPUT', `${name}: ${error.issues[0]?.message ?? ''}`, {
    remedy: 'Correct this value; nothing was enqueued.',
    exitCode: 2,
    cause: error,
  });
}

/** Writes a request for the database, its secrets encrypted. */
function writeTask(
  { task: name, args, kwargs, ...request }: NamedRequest,
  secrets: readonly SecretPlace[],
  realm: string,
): WrittenTask {
  const id = request.id ?? newTaskId();
  const current = getCurrentTask();
  const { resources, sharedResources: shared_resources } = request;
  const rest: Record<string, unknown> = { name, parent_id: current?.id };
  for (const [option, key] of REST) rest[key] = request[option];
  rest['correlation_id'] ??= current?.correlationId ?? undefined;
  rest['trace_context'] ??= current?.traceContext ?? undefined;
  checkMembersApart({ id, resources, shared_resources, ...rest });
  const written = {
    id: JSON.stringify(id),
    args: writePayload(args, 'args'),
    kwargs: writePayload(kwargs, 'kwargs'),
    resources: JSON.stringify(resources),
    shared_resources: JSON.stringify(shared_resources),
    rest: JSON.stringify(rest).slice(1, -1),
  };
  if (secrets.length === 0) return written;
  const sealed = sealArguments({ args, kwargs }, secrets, { name, id, realm });
  return {
    ...written,
    args: writePayload(sealed.args, 'args'),
    kwargs: writePayload(sealed.kwargs, 'kwargs'),
  };
}

/**
 * A request as an item with the keys of `pulp.enqueue_batch`, for a task that is enqueued later, and by somebody else.
 *
 * @throws PulpError INVALID_INPUT, also where its type has secrets, which are encrypted for one task alone
 */
export function requestItem(request: EnqueueRequest): Record<string, unknown> {
  const { trace_context: _, ...item } = itemOf(nameRequest(request));
  return item;
}

/**
 * The same for a task that is enqueued now, with an id that the database makes.
 *
 * @throws PulpError INVALID_INPUT where its type has secrets
 */
export function itemOf(named: NamedRequest): Record<string, unknown> {
  if (named.secrets !== undefined && named.secrets.length > 0) {
    throw new PulpError('INVALID_INPUT', `${named.task} has secrets, and cannot be enqueued later`, {
      remedy: 'They are encrypted for one task alone: have the task read them where it runs.',
      exitCode: 2,
    });
  }
  const { id: _, rest, ...columns } = writeTask(named, [], '');
  const { parent_id: _parent, ...item } = JSON.parse(`{${rest}}`) as Record<string, unknown>;
  for (const [key, text] of Object.entries(columns)) item[key] = JSON.parse(text) as unknown;
  return item;
}

/** @throws PulpError INVALID_INPUT for what would be lost without a word, such as claims under another name */
function refuseUnknownKeys(request: object): void {
  const unknown = Object.keys(request).find((key) => !REQUEST_KEYS.includes(key));
  if (unknown === undefined) return;
  throw new PulpError('INVALID_INPUT', `${unknown}: unknown option; known are ${REQUEST_KEYS.join(', ')}`, {
    remedy: 'Correct this option; nothing was enqueued.',
    exitCode: 2,
  });
}

/** @throws PulpError INVALID_INPUT for a date that JSON would turn into null, and so into none */
function checkedTime(at: Date): Date {
  if (!Number.isNaN(at.getTime())) return at;
  throw new PulpError('INVALID_INPUT', 'at: is an invalid date', {
    remedy: 'Correct this value; nothing was enqueued.',
    exitCode: 2,
  });
}

function locate(error: PulpError, index: number): PulpError {
  const message = `request ${index}: ${error.message}`;
  if (error instanceof UnsupportedResourceError) return new UnsupportedResourceError(message);
  return new PulpError(error.code, message, {
    remedy: error.remedy,
    exitCode: error.exitCode,
    cause: error,
  });
}
