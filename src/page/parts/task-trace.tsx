import type { TracedTask } from '../../queries/trace.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { hrefTo } from '../router.ts';
import { useLive } from '../use-live.ts';
import { StateBadge } from './state-badge.tsx';
import { TaskLink } from './task-link.tsx';
import { spanText } from './words.ts';

/** How many tasks of a trace are shown. */
const SHOWN = 200;

interface Trace {
  readonly correlation_id: string;
  readonly tasks: readonly (Omit<Wire<TracedTask>, 'children'> & { readonly depth: number })[];
  readonly more: boolean;
}

/** What belongs together with a task: who enqueued whom. Of a task that is alone, nothing; of the past neither, for it is of the present. */
export function TaskTrace({ id }: { readonly id: string }) {
  const { data } = useLive('trace', (signal) => read<Trace>(`tasks/${id}/trace`, { limit: SHOWN }, signal), {
    isTouchedBy: ({ stream_id, correlation_id }, shown) =>
      stream_id === id || correlation_id === shown?.correlation_id,
    pauseMs: 1000,
  });
  if (data === undefined || data.tasks.length < 2 || at.value !== undefined) return null;
  return (
    <section class="card" aria-labelledby="trace">
      <h2 id="trace">What caused what</h2>
      <ul class="trace">
        {data.tasks.map(({ id: other, name, state, depth, ran_seconds }) => (
          <li
            key={other}
            style={{ paddingLeft: `${depth * 22}px` }}
            aria-current={other === id ? 'true' : undefined}
          >
            {depth > 0 && <span aria-hidden="true">└ </span>}
            <TaskLink id={other} name={name} /> <StateBadge state={state} />{' '}
            <span class="hint">{ran_seconds === null ? '' : `ran ${spanText(ran_seconds)}`}</span>
          </li>
        ))}
      </ul>
      {data.more && (
        <p class="hint">
          There are more:{' '}
          <a href={hrefTo('/tasks', { correlation: data.correlation_id })}>all of this correlation</a>.
        </p>
      )}
    </section>
  );
}
