import { TASK_STATES, type TaskState } from '../../constants.ts';
import type { ResourceContention } from '../../queries/resource.ts';
import { read } from '../api/client.ts';
import { readTasks } from '../api/tasks.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { PauseList } from '../parts/pause-list.tsx';
import { LinesThen, ResourceLines } from '../parts/resource-lines.tsx';
import { Problem } from '../parts/problem.tsx';
import { TASK_COLUMNS, TaskCells } from '../parts/task-row.tsx';
import { counted, countText } from '../parts/words.ts';
import { hrefTo } from '../router.ts';
import { useLive } from '../use-live.ts';

/** How many tasks of each kind are shown. */
const SHOWN = 10;

/** Among how many of the newest tasks these are looked for, where that is not those that run: so that looking ends. */
const NEWEST = 50_000;

/** How many there are of each state. */
interface TaskCounts {
  readonly counts: Readonly<Partial<Record<TaskState, number>>>;
  readonly looked_at: number;
  readonly more: boolean;
}

/** What runs, what waits and for whom. */
export function Overview() {
  return (
    <section aria-labelledby="title">
      <h1 id="title" class="hidden">
        Overview
      </h1>
      <Counts />
      <PauseList isBrief />
      <TaskPanel title="Running" states={['running', 'canceling']} none="Nothing runs." />
      <Lines />
      <TaskPanel title="Waiting" states={['waiting']} none="Nobody waits." />
    </section>
  );
}

function Counts() {
  const { data, error } = useLive(
    `counts ${at.value ?? ''}`,
    (signal) => read<TaskCounts>('task-counts', { at: at.value }, signal),
    { isPast: at.value !== undefined, isTouchedBy: ({ stream_kind }) => stream_kind === 'task' },
  );
  if (error !== undefined && data === undefined) return <Problem error={error} />;
  return (
    <div>
      <ul class="tiles">
        {TASK_STATES.map((state) => (
          <li key={state}>
            <a href={hrefTo('/tasks', { state })} class={`tile state-${state}`}>
              <strong>{data === undefined ? ' ' : countText(data.counts[state] ?? 0)}</strong>
              {state}
            </a>
          </li>
        ))}
      </ul>
      {data?.more === true && <p class="hint">Of the latest {counted(data.looked_at, 'task')}.</p>}
    </div>
  );
}

interface TaskPanelProps {
  readonly title: string;
  readonly states: readonly TaskState[];
  readonly none: string;
}

function TaskPanel({ title, states, none }: TaskPanelProps) {
  const { data, error } = useLive(
    `${title} ${at.value ?? ''}`,
    (signal) =>
      readTasks(
        {
          state: states,
          at: at.value,
          limit: SHOWN,
          newest: at.value === undefined && !states.includes('waiting') ? undefined : NEWEST,
        },
        signal,
      ),
    { isPast: at.value !== undefined, isTouchedBy: ({ stream_kind }) => stream_kind === 'task' },
  );
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <a href={hrefTo('/tasks', { state: states })}>All</a>
      </header>
      {error !== undefined && <Problem error={error} />}
      {data?.tasks.length === 0 && <p class="empty">{none}</p>}
      {data !== undefined && data.tasks.length > 0 && (
        <div class="table" role="table" aria-label={title}>
          <div class="row head" role="row">
            {TASK_COLUMNS.map((column) => (
              <span role="columnheader" key={column}>
                {column}
              </span>
            ))}
          </div>
          {data.tasks.map((task) => (
            <div class="row" role="row" key={task.id}>
              <TaskCells task={task} />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

/** Over how long a time lines are looked for, in seconds: those that stand now are always among them. */
const WINDOW = 1;

function Lines() {
  return (
    <section class="panel" aria-label="Who waits for whom">
      <header>
        <h2>Who waits for whom</h2>
        <a href={hrefTo('/resources')}>All resources</a>
      </header>
      {at.value === undefined ? <LinesNow /> : <LinesThen at={at.value} isBrief />}
    </section>
  );
}

function LinesNow() {
  const { data, error } = useLive(
    'lines',
    (signal) =>
      read<{ resources: readonly Wire<ResourceContention>[] }>(
        'resources',
        { sort: 'queue', window: WINDOW, limit: SHOWN },
        signal,
      ),
    { isTouchedBy: ({ stream_kind }) => stream_kind === 'task', pauseMs: 1000 },
  );
  const lines = data?.resources.map(({ exclusive_in_line, shared_in_line, held_by, ...one }) => ({
    ...one,
    held_by,
    waiting: exclusive_in_line + shared_in_line,
  }));
  return (
    <>
      {error !== undefined && <Problem error={error} />}
      {lines !== undefined && <ResourceLines lines={lines.filter(({ waiting }) => waiting > 0)} />}
    </>
  );
}
