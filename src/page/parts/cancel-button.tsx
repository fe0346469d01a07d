import { useState } from 'preact/hooks';
import { isFinal } from '../../constants.ts';
import { act, ApiError } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Task } from '../api/tasks.ts';
import { at } from '../moment.ts';
import { Dialog } from './dialog.tsx';
import { tell } from './toasts.tsx';

/** Cancels a task, after asking; who may not is told what it takes. */
export function CancelButton({ task }: { readonly task: Task }) {
  const [isAsking, setIsAsking] = useState(false);
  const [reason, setReason] = useState('');
  const lack = lacking('cancel');
  const isOver = isFinal(task.state) || task.state === 'canceling';
  const why = lack ?? (at.value === undefined ? undefined : 'What was cannot be changed: go live first.');
  const cancel = async () => {
    setIsAsking(false);
    try {
      const { state } = await act<{ state: string }>(
        `tasks/${task.id}/cancel`,
        reason === '' ? {} : { reason },
      );
      tell(`${task.name} is ${state}.`);
    } catch (error) {
      tell(error instanceof ApiError ? `${error.message}. ${error.remedy}` : String(error), {
        isError: true,
      });
    }
  };
  if (isOver) return null;
  return (
    <>
      <button
        type="button"
        class="danger"
        disabled={why !== undefined}
        aria-describedby={why === undefined ? undefined : 'no-cancel'}
        onClick={() => {
          setIsAsking(true);
        }}
      >
        Cancel…
      </button>
      {why !== undefined && (
        <span id="no-cancel" class="hint">
          {why}
        </span>
      )}
      {isAsking && (
        <Dialog
          title={`Cancel ${task.name}?`}
          close={() => {
            setIsAsking(false);
          }}
        >
          <form
            method="dialog"
            onSubmit={(event) => {
              event.preventDefault();
              void cancel();
            }}
          >
            <p>
              {task.state === 'running'
                ? 'Its run is told to end, and killed if it does not.'
                : 'It will not run.'}{' '}
              Tasks that it enqueued stay.
            </p>
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
              <button type="submit" class="danger">
                Cancel the task
              </button>
            </p>
          </form>
        </Dialog>
      )}
    </>
  );
}
