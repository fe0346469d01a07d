import { useState } from 'preact/hooks';
import type { Schedule } from '../../queries/schedule.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { Problem } from '../parts/problem.tsx';
import { ScheduleActions } from '../parts/schedule-actions.tsx';
import { ScheduleStory } from '../parts/schedule-story.tsx';
import { TaskLink } from '../parts/task-link.tsx';
import { Moment } from '../parts/time.tsx';
import { useLive } from '../use-live.ts';

/** How many are shown. */
const LIMIT = 1000;

/** What comes again and again: when, what it enqueued last, and what was skipped. Shown as it is now. */
export function Schedules() {
  const { data, error } = useLive(
    'schedules',
    (signal) => read<{ schedules: readonly Wire<Schedule>[] }>('schedules', { limit: LIMIT }, signal),
    { isTouchedBy: ({ type }) => /^(Schedule|Occurrence)/.test(type) },
  );
  if (at.value !== undefined) return <p class="empty card">Go live to see the schedules.</p>;
  return (
    <section aria-labelledby="title">
      <h1 id="title">Schedules</h1>
      {error !== undefined && <Problem error={error} />}
      {data?.schedules.length === 0 && (
        <p class="empty card">There are none. Make one by `pulp schedule create`.</p>
      )}
      <ul class="cards">
        {data?.schedules.map((schedule) => (
          <ScheduleCard key={schedule.name} schedule={schedule} />
        ))}
      </ul>
      {data?.schedules.length === LIMIT && <p class="hint">These are the first {LIMIT} by name.</p>}
    </section>
  );
}

function ScheduleCard({ schedule }: { readonly schedule: Wire<Schedule> }) {
  const [isOpen, setOpen] = useState(false);
  const { name, kind, rule, time_zone, state, reason, next_at, last_at, last_task, enqueued, skipped } =
    schedule;
  const task = schedule.item?.['name'];
  return (
    <li class="card">
      <div class="heading">
        <h2>{name}</h2>
        <span class="badge">{state}</span>
        <div class="actions">
          <ScheduleActions schedule={schedule} />
        </div>
      </div>
      <p>
        <code>
          {kind} {rule}
        </code>{' '}
        {kind !== 'every' && time_zone}
        {typeof task === 'string' && (
          <>
            {' '}
            enqueues <strong>{task}</strong>
          </>
        )}
      </p>
      {reason !== null && <p class="hint">{reason}</p>}
      <p class="hint">
        {next_at !== null && (
          <>
            Next: <Moment time={next_at} /> ·{' '}
          </>
        )}
        {last_at !== null && (
          <>
            last: <Moment time={last_at} />
            {last_task !== null && (
              <>
                {' '}
                <TaskLink id={last_task} />
              </>
            )}{' '}
            ·{' '}
          </>
        )}
        {enqueued} enqueued, {skipped} skipped
      </p>
      <details
        onToggle={({ currentTarget }) => {
          setOpen(currentTarget.open);
        }}
      >
        <summary>What comes, and what was</summary>
        {isOpen && <ScheduleStory name={name} isActive={state === 'active'} version={schedule.version} />}
      </details>
    </li>
  );
}
