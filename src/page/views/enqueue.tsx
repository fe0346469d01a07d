import { useState } from 'preact/hooks';
import type { TaskType } from '../../queries/task-type.ts';
import { act, ApiError, read } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Wire } from '../api/wire.ts';
import { JsonView } from '../parts/json-view.tsx';
import { Problem } from '../parts/problem.tsx';
import { tell } from '../parts/toasts.tsx';
import { navigate } from '../router.ts';
import { useLive } from '../use-live.ts';

/** Enqueues a task of a type that workers have published. */
export function Enqueue() {
  const { data, error } = useLive(
    'types',
    (signal) => read<{ task_types: readonly Wire<TaskType>[] }>('task-types', {}, signal),
    { isTouchedBy: ({ type }) => type === 'WorkerOnline' },
  );
  const [name, setName] = useState('');
  const [refused, setRefused] = useState<ApiError>();
  const type = data?.task_types.find((one) => one.name === name);
  const lack = lacking('enqueue');
  const enqueue = async (form: FormData) => {
    try {
      const { id } = await act<{ id: string }>('tasks', requestOf(form));
      tell(`${name} is enqueued.`);
      navigate(`/tasks/${id}`);
    } catch (failure) {
      setRefused(failure instanceof ApiError ? failure : badJson(failure));
    }
  };
  return (
    <section aria-labelledby="title">
      <h1 id="title">Enqueue a task</h1>
      {lack !== undefined && (
        <p class="card" role="note">
          {lack}
        </p>
      )}
      {error !== undefined && <Problem error={error} />}
      {data?.task_types.length === 0 && (
        <p class="empty">No worker has published a task type yet. Start one by `pulp worker`.</p>
      )}
      <form
        class="card enqueue"
        onSubmit={(event) => {
          event.preventDefault();
          void enqueue(new FormData(event.currentTarget));
        }}
      >
        <fieldset disabled={lack !== undefined}>
          <label>
            Type
            <select
              name="name"
              required
              value={name}
              onChange={({ currentTarget }) => {
                setName(currentTarget.value);
                setRefused(undefined);
              }}
            >
              <option value="">choose one</option>
              {data?.task_types.map((one) => (
                <option key={one.name} value={one.name}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
          <label>
            Arguments, as JSON
            <textarea key={name} name="kwargs" rows={7} spellcheck={false} defaultValue={templateOf(type)} />
          </label>
          <label>
            Resources claimed alone, one a line
            <textarea name="resources" rows={2} placeholder="/repositories/1/" />
          </label>
          <label>
            Resources claimed beside others, one a line
            <textarea name="shared_resources" rows={2} />
          </label>
          <label>
            Queue
            <input name="queue" placeholder="default" />
          </label>
          <label>
            Delay
            <input name="delay" placeholder="30s" />
          </label>
          <label>
            Priority
            <input name="priority" type="number" placeholder="0" />
          </label>
          <p class="buttons">
            <button type="submit" class="primary">
              Enqueue
            </button>
          </p>
        </fieldset>
        {refused !== undefined && <Problem error={refused} />}
        {type !== undefined && (
          <details>
            <summary>What it takes</summary>
            <JsonView label="Schema" value={type.schema} />
          </details>
        )}
      </form>
    </section>
  );
}

function requestOf(form: FormData): object {
  const text = (name: string) => (form.get(name) as string).trim();
  const lines = (name: string) =>
    text(name)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  return {
    name: text('name'),
    ...(text('kwargs') !== '' && { kwargs: JSON.parse(text('kwargs')) as unknown }),
    resources: lines('resources'),
    shared_resources: lines('shared_resources'),
    ...(text('queue') !== '' && { queue: text('queue') }),
    ...(text('delay') !== '' && { delay: text('delay') }),
    ...(text('priority') !== '' && { priority: Number(text('priority')) }),
  };
}

/** What is typed first: the required arguments of a type, each with an empty value of its kind. */
function templateOf(type: Wire<TaskType> | undefined): string {
  const kwargs = type?.schema['kwargs'] as Schema | undefined;
  if (kwargs?.properties === undefined) return '{}';
  const required = Object.entries(kwargs.properties).filter(([name]) => kwargs.required?.includes(name));
  return JSON.stringify(
    Object.fromEntries(required.map(([name, { type: kind }]) => [name, EMPTY[kind ?? ''] ?? null])),
    null,
    2,
  );
}

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

const EMPTY: Readonly<Record<string, unknown>> = {
  string: '',
  number: 0,
  integer: 0,
  boolean: false,
  array: [],
  object: {},
};

function badJson(error: unknown): ApiError {
  return new ApiError(400, {
    detail: error instanceof Error ? error.message : String(error),
    code: 'INVALID_INPUT',
    remedy: 'Write the arguments as a JSON object.',
  });
}
