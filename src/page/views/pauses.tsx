import { useState } from 'preact/hooks';
import { PAUSE_KINDS, type PauseKind } from '../../constants.ts';
import { act } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import { at } from '../moment.ts';
import { PauseList } from '../parts/pause-list.tsx';
import { tellFailure } from '../parts/toasts.tsx';

/** How long a pause may be chosen to last, in seconds. */
const SPANS = [
  { name: 'until somebody resumes it', seconds: '' },
  { name: '10 minutes', seconds: '600' },
  { name: 'an hour', seconds: '3600' },
  { name: 'a day', seconds: '86400' },
] as const;

/** What is paused, and pausing more. */
export function Pauses() {
  const [kind, setKind] = useState<PauseKind>('queue');
  const why =
    lacking('operate') ?? (at.value === undefined ? undefined : 'What was cannot be changed: go live first.');
  return (
    <section aria-labelledby="title">
      <h1 id="title">Pauses</h1>
      <PauseList />
      {why !== undefined && (
        <p class="card" role="note">
          {why}
        </p>
      )}
      <form
        class="card enqueue"
        aria-label="Pause"
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const given = new FormData(form);
          const text = (name: string) => ((given.get(name) as string | null) ?? '').trim();
          tellFailure(
            act('pauses', {
              kind,
              ...(kind !== 'all' && { name: text('name') }),
              ...(text('seconds') !== '' && { seconds: Number(text('seconds')) }),
              ...(text('reason') !== '' && { reason: text('reason') }),
            }).then(() => {
              form.reset();
            }),
          );
        }}
      >
        <fieldset class="row-of-fields" disabled={why !== undefined}>
          <label>
            Pause
            <select
              value={kind}
              onChange={({ currentTarget }) => {
                setKind(currentTarget.value as PauseKind);
              }}
            >
              {PAUSE_KINDS.map((one) => (
                <option key={one} value={one}>
                  {one === 'all' ? 'everything' : `a ${one}`}
                </option>
              ))}
            </select>
          </label>
          {kind !== 'all' && (
            <label>
              Its name
              <input name="name" required placeholder={HINTS[kind]} />
            </label>
          )}
          <label>
            For
            <select name="seconds">
              {SPANS.map(({ name, seconds }) => (
                <option key={seconds} value={seconds}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label>
            Reason
            <input name="reason" />
          </label>
          <p class="buttons">
            <button type="submit" class="primary">
              Pause
            </button>
          </p>
        </fieldset>
        <p class="hint">Nothing of it begins; what runs goes on.</p>
      </form>
    </section>
  );
}

const HINTS = { queue: 'default', type: 'repo.sync', resource: '/repositories/1/' } as const;
