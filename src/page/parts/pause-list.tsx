import type { Pause } from '../../queries/pause.ts';
import { act, read } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { useLive } from '../use-live.ts';
import { Problem } from './problem.tsx';
import { Ago, Moment } from './time.tsx';
import { tellFailure } from './toasts.tsx';

/** How often to look, since pauses may end by themselves, in milliseconds. */
const EVERY_MS = 10_000;

/** What is paused now, each with a button to let it go on. Of the past, nothing: pauses are shown as they are. */
export function PauseList({ isBrief = false }: { readonly isBrief?: boolean }) {
  const { data, error } = useLive(
    'pauses',
    (signal) => read<{ pauses: readonly Wire<Pause>[] }>('pauses', {}, signal),
    { isTouchedBy: ({ type }) => /Paused|Resumed/.test(type), everyMs: EVERY_MS },
  );
  if (at.value !== undefined)
    return isBrief ? null : <p class="empty card">Go live to see what is paused.</p>;
  if (error !== undefined) return isBrief ? null : <Problem error={error} />;
  if (data === undefined || (isBrief && data.pauses.length === 0)) return null;
  const why = lacking('operate');
  return (
    <section class={data.pauses.length > 0 ? 'panel paused' : 'panel'} aria-label="Paused">
      {data.pauses.length === 0 && <p class="empty">Nothing is paused.</p>}
      <ul class="lines">
        {data.pauses.map(({ kind, name, reason, actor, since, until }) => (
          <li key={`${kind} ${name}`}>
            <strong>{kind === 'all' ? 'Everything is paused' : `${kind} ${name} is paused`}</strong>
            <span>
              since <Ago time={since} />
              {actor !== null && ` by ${actor}`}
              {reason !== null && `: ${reason}`}
              {until !== null && (
                <>
                  , until <Moment time={until} />
                </>
              )}
            </span>
            <span>
              <button
                type="button"
                disabled={why !== undefined}
                title={why}
                onClick={() => {
                  tellFailure(act('pauses/resume', kind === 'all' ? { kind } : { kind, name }));
                }}
              >
                Resume
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
