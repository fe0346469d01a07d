import type { TaskEvent } from '../../queries/task.ts';
import { factsInShort } from '../../cli/facts-text.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { useLive } from '../use-live.ts';
import { Problem } from './problem.tsx';
import { Moment } from './time.tsx';
import { eventText, spanText } from './words.ts';

/** What happened to a task. */
export function TaskHistory({ id }: { readonly id: string }) {
  const { data, error } = useLive(
    'history',
    (signal) => read<{ events: readonly Wire<TaskEvent>[] }>(`tasks/${id}/history`, {}, signal),
    { isTouchedBy: ({ stream_id }) => stream_id === id },
  );
  const until = at.value === undefined ? Infinity : Date.parse(at.value);
  const events = data?.events.filter(({ recorded_at }) => Date.parse(recorded_at) <= until) ?? [];
  return (
    <section class="card" aria-labelledby="history">
      <h2 id="history">What happened</h2>
      {error?.status === 404 && <p class="hint">It is not for you to see: the log takes more rights here.</p>}
      {error !== undefined && error.status !== 404 && <Problem error={error} />}
      <ol class="history">
        {events
          .filter(isLastInARow)
          .map(({ version, type, data: facts, actor, recorded_at, seconds_after }) => (
            <li key={version}>
              <Moment time={recorded_at} />
              <span class="number">{seconds_after === null ? '' : `+${spanText(seconds_after)}`}</span>
              <strong>{eventText(type)}</strong>
              <span class="facts-text">{type === 'TaskEnqueued' ? '' : factsInShort(facts)}</span>
              <span class="hint">{actor}</span>
            </li>
          ))}
      </ol>
    </section>
  );
}

/** Of reports of progress in a row, the last one says it all. */
function isLastInARow({ type }: Wire<TaskEvent>, index: number, all: readonly Wire<TaskEvent>[]): boolean {
  return type !== 'TaskProgressed' || all[index + 1]?.type !== 'TaskProgressed';
}
