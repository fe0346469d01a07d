import type { ScheduleEvent } from '../../queries/schedule.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { useLive } from '../use-live.ts';
import { Problem } from './problem.tsx';
import { TaskLink } from './task-link.tsx';
import { Moment } from './time.tsx';

/** The next occurrences of a schedule, and the last things that happened to it. */
export function ScheduleStory({
  name,
  isActive,
  version,
}: {
  readonly name: string;
  readonly isActive: boolean;
  readonly version: number;
}) {
  const path = `schedules/${encodeURIComponent(name)}`;
  const { data, error } = useLive(`${path} ${version}`, async (signal) => {
    const [next, past] = await Promise.all([
      isActive
        ? read<{ occurrences: readonly string[] }>(`${path}/preview`, { count: 5 }, signal)
        : { occurrences: [] },
      read<{ events: readonly Wire<ScheduleEvent>[] }>(`${path}/history`, { limit: 20 }, signal),
    ]);
    return { ...next, ...past };
  });
  if (error !== undefined) return <Problem error={error} />;
  if (data === undefined) return <p class="hint">Reading…</p>;
  return (
    <div class="columns">
      {data.occurrences.length > 0 && (
        <div>
          <h3>Next</h3>
          <ol>
            {data.occurrences.map((occurrence) => (
              <li key={occurrence}>
                <Moment time={occurrence} />
              </li>
            ))}
          </ol>
        </div>
      )}
      <div>
        <h3>History</h3>
        <ol class="history">
          {data.events.map((event) => (
            <li key={event.version}>
              <Moment time={event.recorded_at} /> {event.type} <EventFacts event={event} />
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

function EventFacts({ event: { data, actor } }: { readonly event: Wire<ScheduleEvent> }) {
  const { task_id, why, count, reason } = data as {
    readonly task_id?: string;
    readonly why?: string;
    readonly count?: number;
    readonly reason?: string | null;
  };
  if (task_id !== undefined) return <TaskLink id={task_id} />;
  if (why !== undefined) return <span class="hint">{count === 1 ? why : `${String(count)} × ${why}`}</span>;
  return <span class="hint">{[actor, reason].filter((said) => said != null).join(': ')}</span>;
}
