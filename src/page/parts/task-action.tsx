import { useState } from 'preact/hooks';
import { act, ApiError } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Task } from '../api/tasks.ts';
import { at } from '../moment.ts';
import { VERBS, type Verb } from '../verbs.ts';
import { Dialog } from './dialog.tsx';
import { tell } from './toasts.tsx';

/** Does what can be done to a task, after asking; who may not is told what it takes. */
export function TaskAction({ task }: { readonly task: Task }) {
  const [isAsking, setIsAsking] = useState(false);
  const [reason, setReason] = useState('');
  const verb = (Object.keys(VERBS) as Verb[]).find((one) => VERBS[one].states.includes(task.state as never));
  if (verb === undefined) return null;
  const { name, button } = VERBS[verb];
  const why =
    lacking('cancel') ?? (at.value === undefined ? undefined : 'What was cannot be changed: go live first.');
  const doIt = async () => {
    setIsAsking(false);
    try {
      const body = reason === '' ? {} : { reason };
      const { state } = await act<{ state: string }>(`tasks/${task.id}/${verb}`, body);
      tell(`${task.name} is ${state}.`);
    } catch (error) {
      tell(error instanceof ApiError ? `${error.message}. ${error.remedy}` : String(error), {
        isError: true,
      });
    }
  };
  return (
    <>
      {why !== undefined && (
        <span id="no-action" class="hint">
          {why}
        </span>
      )}
      <button
        type="button"
        class={button}
        disabled={why !== undefined}
        aria-describedby={why === undefined ? undefined : 'no-action'}
        onClick={() => {
          setIsAsking(true);
        }}
      >
        {name}…
      </button>
      {isAsking && (
        <Dialog
          title={`${name}: ${task.name}?`}
          close={() => {
            setIsAsking(false);
          }}
        >
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void doIt();
            }}
          >
            <p>{WHAT_FOLLOWS[verb](task)}</p>
            <label>
              Reason
              <input
                value={reason}
                onInput={({ currentTarget }) => {
                  setReason(currentTarget.value);
                }}
              />
            </label>
            <p class="buttons">
              <button type="submit" class={button}>
                {name}
              </button>
            </p>
          </form>
        </Dialog>
      )}
    </>
  );
}

const WHAT_FOLLOWS = {
  cancel: ({ state }: Task) =>
    `${state === 'running' ? 'Its run is told to end, and killed if it does not.' : 'It will not run.'} Tasks that it enqueued stay.`,
  retry: () => 'It goes on in its own history; its claims take the end of their lines.',
};
