import { isFinal } from '../../constants.ts';
import type { Explanation } from '../../queries/why.ts';
import { reasonTexts } from '../../cli/why-text.ts';
import { read, readDated } from '../api/client.ts';
import { me } from '../api/session.ts';
import type { Task } from '../api/tasks.ts';
import { at } from '../moment.ts';
import { ForgetButton } from '../parts/forget-button.tsx';
import { Linked } from '../parts/linked.tsx';
import { Payloads } from '../parts/payloads.tsx';
import { Problem } from '../parts/problem.tsx';
import { Progress } from '../parts/progress.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { TaskAction } from '../parts/task-action.tsx';
import { TaskFacts } from '../parts/task-facts.tsx';
import { TaskHistory } from '../parts/task-history.tsx';
import { TaskTrace } from '../parts/task-trace.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { useLive } from '../use-live.ts';

/** How often to ask why a task waits: others change that, too. In milliseconds. */
const ASK_MS = 2000;

/** All about one task. */
export function TaskPage({ id }: { readonly id: string }) {
  const isPast = at.value !== undefined;
  const isTouchedBy = ({ stream_id }: { readonly stream_id: string }) => stream_id === id;
  const { data: task, error } = useLive(
    `task ${at.value ?? ''}`,
    (signal) => read<Task>(`tasks/${id}`, { at: at.value }, signal),
    { isPast, isTouchedBy },
  );
  const why = useLive('why', (signal) => readDated<Explanation>(`tasks/${id}/why`, signal), {
    isTouchedBy,
    everyMs: task !== undefined && isFinal(task.state) ? 60_000 : ASK_MS,
  });
  if (task === undefined) {
    return error === undefined ? <p class="empty">Reading…</p> : <Problem error={error} />;
  }
  const reasons =
    isPast || why.data === undefined ? [] : reasonTexts(why.data, me.value?.worker_ttl ?? Infinity);
  return (
    <section class="task" aria-labelledby="title">
      <div class="heading">
        <h1 id="title">{task.name}</h1>
        <StateBadge state={task.state} />
        <Progress report={task.progress} />
        <code class="hint">{id}</code>
        <div class="actions">
          <TaskAction task={task} />
          <ForgetButton task={task} />
        </div>
      </div>
      {error !== undefined && <Problem error={error} />}
      {reasons.length > 0 && (
        <div class="card reasons" role="status">
          {reasons.map((reason) => (
            <p key={reason}>
              <Linked text={reason} />
            </p>
          ))}
        </div>
      )}
      {why.data?.time != null && (
        <section class="card" aria-labelledby="time">
          <h2 id="time">Where its time went</h2>
          <Timeline spans={why.data.time.spans} isOver={isFinal(why.data.state)} />
        </section>
      )}
      <div class="columns">
        <TaskFacts task={task} />
        <Payloads task={task} />
      </div>
      <TaskTrace id={id} />
      <TaskHistory id={id} />
    </section>
  );
}
