import type { Schedule } from '../../queries/schedule.ts';
import { act } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Wire } from '../api/wire.ts';
import { tell, tellFailure } from './toasts.tsx';

/** What can be done to a schedule that is there. */
export function ScheduleActions({ schedule: { name, state } }: { readonly schedule: Wire<Schedule> }) {
  if (state === 'ended') return null;
  const why = lacking('cancel');
  const path = `schedules/${encodeURIComponent(name)}`;
  const isPaused = state === 'paused';
  return (
    <>
      <button
        type="button"
        disabled={why !== undefined}
        title={why}
        onClick={() => {
          tellFailure(
            act<{ id: string }>(`${path}/run`, {}).then(({ id }) => {
              tell(`${name} is enqueued as ${id}.`);
            }),
          );
        }}
      >
        Run now
      </button>
      <button
        type="button"
        disabled={why !== undefined}
        title={why}
        onClick={() => {
          tellFailure(act(`${path}/${isPaused ? 'resume' : 'pause'}`, {}));
        }}
      >
        {isPaused ? 'Resume' : 'Pause'}
      </button>
    </>
  );
}
