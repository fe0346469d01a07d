import { isFinal } from '../../constants.ts';
import { ApiError, request } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Task } from '../api/tasks.ts';
import { at } from '../moment.ts';
import { hrefTo, navigate } from '../router.ts';
import { tell } from './toasts.tsx';

/** Takes a task that is over from the list; what happened to it stays in the log. */
export function ForgetButton({ task }: { readonly task: Task }) {
  if (!isFinal(task.state) || at.value !== undefined || lacking('operate') !== undefined) return null;
  const forget = async () => {
    try {
      await request(`/pulp/api/v3/tasks/${task.id}/`, { method: 'DELETE' });
      tell(`${task.name} is forgotten; its history stays in the log.`);
      navigate(hrefTo('/tasks'));
    } catch (error) {
      tell(error instanceof ApiError ? `${error.message}. ${error.remedy}` : String(error), {
        isError: true,
      });
    }
  };
  return (
    <button type="button" title="Its history stays in the log" onClick={() => void forget()}>
      Forget
    </button>
  );
}
