import type { ClaimAt } from '../../queries/claims-at.ts';
import type { ResourceDetail } from '../../queries/resource.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { Problem } from '../parts/problem.tsx';
import { TaskLink } from '../parts/task-link.tsx';
import { Ago, Moment } from '../parts/time.tsx';
import { WindowChoice, chosenWindow } from '../parts/window-choice.tsx';
import { counted, spanText } from '../parts/words.ts';
import { hrefTo, query } from '../router.ts';
import { useLive } from '../use-live.ts';

/** How many claims are shown. */
const SHOWN = 200;

/** One resource: who holds it, who stands in line, and, of the present, who held it. */
export function Resource() {
  const name = query.value.get('name') ?? '';
  return (
    <section aria-labelledby="title">
      <div class="heading">
        <h1 id="title" class="resource">
          {name}
        </h1>
        <a class="actions" href={hrefTo('/tasks', { resource: name })}>
          All tasks that claim it
        </a>
      </div>
      {at.value === undefined ? <Now name={name} /> : <Then name={name} at={at.value} />}
    </section>
  );
}

interface Claim {
  readonly id: string;
  readonly name: string;
  readonly mode: string;
  readonly units?: number | null;
  readonly hold?: { readonly actor: string | null; readonly reason: string | null } | null;
  readonly since: string;
  readonly worker?: string | null;
}

function Now({ name }: { readonly name: string }) {
  const { seconds, pauseMs } = chosenWindow();
  const { data, error } = useLive(
    `${name} ${seconds}`,
    (signal) => read<Wire<ResourceDetail>>('resource', { name, window: seconds, limit: SHOWN }, signal),
    { isTouchedBy: ({ stream_kind }) => stream_kind === 'task', pauseMs },
  );
  if (error !== undefined && data === undefined) return <Problem error={error} />;
  if (data === undefined) return null;
  const inLine = data.exclusive_in_line + data.shared_in_line;
  return (
    <>
      {data.limit !== undefined && <Limits limit={data.limit} />}
      <div class="columns even">
        <Claims
          title={`Held by ${counted(data.holder_count, 'task')}`}
          claims={data.holders}
          none="Nobody holds it."
        />
        <Claims
          title={`${counted(inLine, 'task')} in line`}
          claims={data.line}
          none="Nobody waits for it."
          isLine
        />
      </div>
      <section class="panel" aria-labelledby="held">
        <header>
          <h2 id="held">Who held it</h2>
          <WindowChoice />
        </header>
        {data.recent.length === 0 && <p class="empty">Nobody did.</p>}
        <ul class="lines">
          {data.recent.map(({ id, name: type, since, until, seconds: held, waits, waiting }) => (
            <li key={`${id} ${since}`}>
              <TaskLink id={id} name={type} />
              <span>
                from <Moment time={since} /> for {spanText(held)}
                {until === null && ', and still does'}
              </span>
              <span class="hint">
                {waits === 0
                  ? 'kept nobody waiting'
                  : `kept ${counted(waits, 'task')} waiting, ${spanText(waiting)} in all`}
              </span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

/** Whose a hold is, and what for. */
function holdText({ actor, reason }: NonNullable<Claim['hold']>): string {
  return `held by hand: ${actor ?? 'somebody'}${reason === null ? '' : ` (${reason})`}`;
}

/** Its capacity and rate. */
function Limits({ limit }: { readonly limit: NonNullable<Wire<ResourceDetail>['limit']> }) {
  const { capacity, units_free, rate, per_seconds, since, actor, reason } = limit;
  return (
    <p class="hint">
      {capacity !== null && `${counted(capacity, 'unit')}, ${units_free ?? 0} free · `}
      {rate !== null && `${rate} granted in ${spanText(per_seconds ?? 0)} · `}
      since <Ago time={since} />
      {actor !== null && ` by ${actor}`}
      {reason !== null && `: ${reason}`}
    </p>
  );
}

function Then({ name, at: moment }: { readonly name: string; readonly at: string }) {
  const { data, error } = useLive(
    `${name} ${moment}`,
    (signal) =>
      read<{ claims: readonly Wire<ClaimAt>[] }>(
        'claims',
        { at: moment, resource: name, limit: SHOWN },
        signal,
      ),
    { isPast: true },
  );
  if (error !== undefined) return <Problem error={error} />;
  const claims = (state: string) =>
    (data?.claims ?? [])
      .filter((one) => one.state === state)
      .map(({ task_id, granted_at, requested_at, ...one }) => ({
        ...one,
        id: task_id,
        since: granted_at ?? requested_at,
      }));
  return (
    <div class="columns even">
      <Claims title="Held by" claims={claims('granted')} none="Nobody held it." />
      <Claims title="In line" claims={claims('waiting')} none="Nobody waited for it." isLine />
    </div>
  );
}

interface ClaimsProps {
  readonly title: string;
  readonly claims: readonly Claim[];
  readonly none: string;
  readonly isLine?: boolean;
}

function Claims({ title, claims, none, isLine = false }: ClaimsProps) {
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      {claims.length === 0 && <p class="empty">{none}</p>}
      <ol class="lines claims-list">
        {claims.map(({ id, name, mode, units, hold, since, worker }, index) => (
          <li key={id}>
            {isLine && <span class="place">{index + 1}</span>}
            {hold == null ? <TaskLink id={id} name={name} /> : <span>{holdText(hold)}</span>}
            <span class="hint">
              {mode} · {units != null && `${units} units · `}
              {worker != null && `${worker} · `}since <Ago time={since} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
