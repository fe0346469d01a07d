import type { Retention } from '../../queries/retention.ts';
import type { Subscription } from '../../queries/subscription.ts';
import { act, read } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { Problem } from '../parts/problem.tsx';
import { Ago } from '../parts/time.tsx';
import { tellFailure } from '../parts/toasts.tsx';
import { spanText } from '../parts/words.ts';
import { useLive } from '../use-live.ts';

/** How often to look how far each has come, in milliseconds: that is no event. */
const EVERY_MS = 2000;

/** Who reads the log, how far each has come, and for how long things are kept. Of the past, nothing: it is shown as it is. */
export function Subscriptions() {
  const { data, error } = useLive(
    'subscriptions',
    async (signal) => ({
      ...(await read<{ subscriptions: readonly Wire<Subscription>[] }>(
        'subscriptions',
        { limit: 1000 },
        signal,
      )),
      ...(await read<{ retention: readonly Wire<Retention>[] }>('retention', {}, signal)),
    }),
    { isTouchedBy: ({ type }) => /^(Subscription|Retention)/.test(type), everyMs: EVERY_MS },
  );
  return (
    <section aria-labelledby="title">
      <h1 id="title">Subscriptions</h1>
      {error !== undefined && <Problem error={error} />}
      {at.value !== undefined && <p class="empty card">Go live to see subscriptions.</p>}
      {at.value === undefined && data !== undefined && (
        <>
          {data.subscriptions.length === 0 && (
            <p class="empty card">There are none. Make one by `pulp subscription create`.</p>
          )}
          <ul class="cards grid">
            {data.subscriptions.map((subscription) => (
              <SubscriptionCard key={subscription.name} subscription={subscription} />
            ))}
          </ul>
          <h2>What is kept</h2>
          {data.retention.length === 0 && (
            <p class="empty card">Everything, until it is purged or archived by hand.</p>
          )}
          <ul class="lines">
            {data.retention.map((each) => (
              <li key={`${each.kind} ${each.name}`}>
                <strong>{WHAT[each.kind](each.name)}</strong> <span>{keptText(each.keep)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function SubscriptionCard({ subscription }: { readonly subscription: Wire<Subscription> }) {
  const { name, state, reason, types, kinds, names, stream, url, failing_since, last_error } = subscription;
  const { lag_events, lag_more, lag_seconds } = subscription;
  const why = lacking('operate');
  const verb = state === 'active' ? 'pause' : 'resume';
  return (
    <li class="card">
      <div class="heading">
        <h2>{name}</h2>
        <span class="badge">{state === 'active' && failing_since !== null ? 'failing' : state}</span>
      </div>
      <p class="hint">
        {[(types ?? kinds).join(', '), names && `of ${names.join(', ')}`, stream && `of ${stream}`]
          .filter(Boolean)
          .join(' ')}{' '}
        · {url === null ? 'fetched by consumers' : `sent to ${url}`}
      </p>
      <p class="hint">
        {subscription.given} given
        {lag_events !== null &&
          (lag_events === 0
            ? ' · nothing is before it'
            : ` · ${lag_events}${lag_more === true ? ' or more' : ''} before it, the first of ${spanText(Math.floor(lag_seconds ?? 0))} ago`)}
      </p>
      {last_error !== null && failing_since !== null && (
        <p class="error-text">
          It fails since <Ago time={failing_since} />: {last_error}
        </p>
      )}
      {state !== 'active' && reason !== null && (
        <p class={state === 'stopped' ? 'error-text' : 'hint'}>
          It is {state}: {reason}
        </p>
      )}
      <p class="buttons">
        <button
          type="button"
          disabled={why !== undefined}
          title={why}
          onClick={() => {
            tellFailure(act(`subscriptions/${name}/${verb}`, {}));
          }}
        >
          {verb === 'pause' ? 'Pause' : 'Resume'}
        </button>
      </p>
    </li>
  );
}

const WHAT: Readonly<Record<Retention['kind'], (name: string) => string>> = {
  all: () => 'Tasks',
  queue: (name) => `Tasks of queue ${name}`,
  type: (name) => `Tasks of type ${name}`,
  log: () => 'Months of the log',
};

function keptText(keep: Retention['keep']): string {
  if ('folder' in keep) return `for ${spanText(keep.seconds)}, then in ${keep.folder}`;
  return Object.entries(keep)
    .map(([state, kept]) => `${state} ${typeof kept === 'number' ? `for ${spanText(kept)}` : 'for ever'}`)
    .join(', ');
}
