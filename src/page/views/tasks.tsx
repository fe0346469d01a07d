import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { TASK_STATES } from '../../constants.ts';
import type { Task } from '../api/tasks.ts';
import { givenFilters } from '../filters.ts';
import { at } from '../moment.ts';
import { FilterForm } from '../parts/filter-form.tsx';
import { BulkAction } from '../parts/bulk-action.tsx';
import { Problem } from '../parts/problem.tsx';
import { TASK_COLUMNS, TaskCells } from '../parts/task-row.tsx';
import { WindowList } from '../parts/window-list.tsx';
import { counted, countText } from '../parts/words.ts';
import { query, setQuery } from '../router.ts';
import { TaskList } from '../task-list.ts';
import { VERBS, type Verb } from '../verbs.ts';

/** All tasks of a filter. */
export function Tasks() {
  const filters = givenFilters();
  const key = JSON.stringify([filters, at.value]);
  const shown = useRef<TaskList>(undefined);
  const list = useMemo(() => new TaskList({ ...filters, at: at.value }, shown.current?.rows.peek()), [key]);
  shown.current = list;
  useEffect(
    () => () => {
      list.close();
    },
    [list],
  );
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const rows = list.rows.value;
  const states = query.value.getAll('state');
  return (
    <section class="tasks" aria-labelledby="title">
      <div class="heading">
        <h1 id="title">Tasks</h1>
        <span class="hint" role="status">
          {list.hasMore.value
            ? `the latest ${counted(rows.length, 'task')}, more below`
            : counted(rows.length, 'task')}
        </span>
        <div class="actions">
          {(Object.keys(VERBS) as Verb[])
            .filter((verb) => chosen.size > 0 || isApt(verb, states))
            .map((verb) => (
              <BulkAction
                key={verb}
                verb={verb}
                name={
                  chosen.size > 0
                    ? `${VERBS[verb].name}: the ${countText(chosen.size)} chosen…`
                    : `${VERBS[verb].name}: all that match…`
                }
                filters={chosen.size > 0 ? { id: [...chosen] } : { state: [...TASK_STATES], ...filters }}
                done={() => {
                  setChosen(new Set());
                }}
              />
            ))}
        </div>
      </div>
      <div class="chips" role="group" aria-label="States">
        {TASK_STATES.map((state) => (
          <button
            type="button"
            key={state}
            class={`chip state-${state}`}
            aria-pressed={states.includes(state)}
            onClick={() => {
              const without = states.filter((one) => one !== state);
              setQuery(
                { state: without.length === states.length ? [...states, state] : without },
                { replace: false },
              );
            }}
          >
            {state}
          </button>
        ))}
      </div>
      <FilterForm />
      {list.error.value !== undefined && <Problem error={list.error.value} />}
      {rows.length === 0 && !list.hasMore.value ? (
        <p class="empty">
          {Object.keys(filters).length > 0 ? 'No task fits these filters' : 'There are no tasks yet'}
          {at.value === undefined ? '.' : ' at this moment.'}
        </p>
      ) : (
        <WindowList<Task>
          label="Tasks"
          columns={['(chosen)', ...TASK_COLUMNS]}
          rowClass="selectable"
          rows={rows}
          keyOf={({ id }) => id}
          render={(task) => (
            <>
              <span role="cell">
                <input
                  type="checkbox"
                  aria-label={`Choose ${task.name} ${task.id}`}
                  checked={chosen.has(task.id)}
                  onChange={({ currentTarget }) => {
                    const others = [...chosen].filter((id) => id !== task.id);
                    setChosen(new Set(currentTarget.checked ? [...others, task.id] : others));
                  }}
                />
              </span>
              <TaskCells task={task} />
            </>
          )}
          hasMore={list.hasMore.value}
          more={() => void list.more()}
          see={(seen) => {
            list.see(seen);
          }}
        />
      )}
    </section>
  );
}

/** Whether a verb applies to any of the states that are looked for; where none are named, canceling is what is offered. */
function isApt(verb: Verb, states: readonly string[]): boolean {
  return states.length === 0
    ? verb === 'cancel'
    : states.some((state) => VERBS[verb].states.includes(state as never));
}
