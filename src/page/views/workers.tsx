import type { Worker } from '../../queries/worker.ts';
import { read } from '../api/client.ts';
import { me } from '../api/session.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { Problem } from '../parts/problem.tsx';
import { WorkerOrders } from '../parts/worker-orders.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { Ago } from '../parts/time.tsx';
import { spanText } from '../parts/words.ts';
import { hrefTo } from '../router.ts';
import { useLive } from '../use-live.ts';

/** How often to look for signs of life, in milliseconds: they are no events that are followed. */
const EVERY_MS = 2000;

/** The workers that there are and were. */
export function Workers() {
  const { data, error } = useLive(
    `workers ${at.value ?? ''}`,
    (signal) => read<{ workers: readonly Wire<Worker>[] }>('workers', { at: at.value }, signal),
    {
      isPast: at.value !== undefined,
      isTouchedBy: ({ stream_kind, type }) => stream_kind !== 'task' || type === 'TaskStarted',
      everyMs: EVERY_MS,
      pauseMs: 1000,
    },
  );
  return (
    <section aria-labelledby="title">
      <h1 id="title">Workers</h1>
      {error !== undefined && <Problem error={error} />}
      {data?.workers.length === 0 && (
        <p class="empty card">There was no worker yet. Start one by `pulp worker`.</p>
      )}
      <ul class="cards grid">
        {data?.workers.map((worker) => (
          <WorkerCard key={worker.name} worker={worker} />
        ))}
      </ul>
    </section>
  );
}

function WorkerCard({ worker }: { readonly worker: Wire<Worker> }) {
  const { name, state, running, concurrency, heartbeat_age, unable, stuck } = worker;
  const isSilent = state === 'online' && heartbeat_age > (me.value?.worker_ttl ?? Infinity);
  return (
    <li class={`card worker worker-${state}`}>
      <div class="heading">
        <h2>
          <a href={hrefTo('/tasks', { worker: name })}>{name}</a>
        </h2>
        <StateBadge state={isSilent ? 'silent' : state} />
        {worker.leads && <span class="badge">leads</span>}
      </div>
      {state === 'online' && (
        <>
          <progress
            max={concurrency}
            value={running}
            aria-label={`${running} of ${concurrency} slots are full`}
          />
          <p class="hint">
            {running} of {concurrency} slots full
            {worker.finish_rate !== null && ` · ${Number(worker.finish_rate.toPrecision(2))} tasks a second`}
          </p>
        </>
      )}
      <p class="hint">
        process {worker.pid} on {worker.host} · {worker.queues.join(', ')} · since{' '}
        <Ago time={worker.online_at} />
      </p>
      <p class={isSilent ? 'error-text' : 'hint'}>
        {isSilent ? 'It has given no sign of life for ' : 'Last sign of life: '}
        {spanText(Math.floor(heartbeat_age))}
        {isSilent ? ': it is declared missing when somebody leads.' : ' ago'}
      </p>
      {unable !== null && <p class="error-text">It takes no tasks at present: {unable}</p>}
      {stuck !== null && stuck.length > 0 && (
        <p class="error-text">
          Processes that were killed and do not die: {stuck.map(({ task }) => task).join(', ')}
        </p>
      )}
      {worker.draining !== null && (
        <p class="hint">
          It finishes what it runs, and ends{worker.draining === '' ? '' : `: ${worker.draining}`}.
        </p>
      )}
      {state === 'online' && worker.draining === null && <WorkerOrders worker={worker} />}
      <details>
        <summary>{worker.task_types.length} task types</summary>
        <p>{worker.task_types.join(', ')}</p>
      </details>
    </li>
  );
}
