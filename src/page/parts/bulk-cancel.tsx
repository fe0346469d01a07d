import { useState } from 'preact/hooks';
import type { TaskState } from '../../constants.ts';
import { act, ApiError } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Task } from '../api/tasks.ts';
import { at } from '../moment.ts';
import { filterBody } from '../filters.ts';
import { Dialog } from './dialog.tsx';
import { Problem } from './problem.tsx';
import { TaskLink } from './task-link.tsx';
import { StateBadge } from './state-badge.tsx';
import { counted } from './words.ts';

/** Which tasks: parameters of the API. */
type Filters = Readonly<Record<string, string | readonly string[]>>;

interface Answer {
  readonly matched: number;
  readonly states: Readonly<Partial<Record<TaskState, number>>>;
  readonly more: boolean;
  readonly sample: readonly Task[];
}

interface BulkCancelProps {
  /** What the button is called. */
  readonly name: string;
  readonly filters: Filters;
  /** Told when it is done. */
  readonly done?: () => void;
}

/** Cancels all that match, after showing how many and which these are. Those that come after that are left alone. */
export function BulkCancel({ name, filters, done }: BulkCancelProps) {
  const [isOpen, setIsOpen] = useState(false);
  const why =
    lacking('cancel') ?? (at.value === undefined ? undefined : 'What was cannot be changed: go live first.');
  return (
    <>
      <button
        type="button"
        class="danger"
        disabled={why !== undefined}
        title={why}
        aria-describedby={why === undefined ? undefined : 'no-bulk-cancel'}
        onClick={() => {
          setIsOpen(true);
        }}
      >
        {name}
      </button>
      {why !== undefined && (
        <span id="no-bulk-cancel" class="hint">
          {why}
        </span>
      )}
      {isOpen && (
        <BulkCancelDialog
          filters={filters}
          close={() => {
            setIsOpen(false);
            done?.();
          }}
        />
      )}
    </>
  );
}

function BulkCancelDialog({ filters, close }: { readonly filters: Filters; readonly close: () => void }) {
  const asked = filterBody(filters);
  const [preview, setPreview] = useState<Answer>();
  const [states, setStates] = useState<Answer['states']>();
  const [error, setError] = useState<ApiError>();
  const [reason, setReason] = useState('');
  const [step, setStep] = useState<'asking' | 'canceling' | 'done'>('asking');
  if (preview === undefined && error === undefined) {
    act<Answer>('tasks/cancel', { ...asked, dry_run: true }).then(setPreview, setError);
  }
  const cancel = async () => {
    setStep('canceling');
    // A task that was enqueued after the newest that was found is not among them.
    const newest = Date.parse(preview?.sample[0]?.enqueued_at ?? '');
    const enqueued_before = new Date(newest + 1).toISOString();
    const sum: Partial<Record<TaskState, number>> = {};
    try {
      for (let more = true; more;) {
        const answer = await act<Answer>('tasks/cancel', {
          ...asked,
          enqueued_before,
          ...(reason !== '' && { reason }),
        });
        for (const [state, count] of Object.entries(answer.states) as [TaskState, number][]) {
          sum[state] = (sum[state] ?? 0) + count;
        }
        setStates({ ...sum });
        more = answer.more;
      }
    } catch (failure) {
      setError(failure as ApiError);
    }
    setStep('done');
  };
  return (
    <Dialog title="Cancel all that match?" close={close}>
      {error !== undefined && <Problem error={error} />}
      {preview === undefined && error === undefined && <p class="empty">Looking…</p>}
      {preview !== undefined && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void cancel();
          }}
        >
          <p>
            <strong>
              {preview.more ? 'more than ' : ''}
              {counted(preview.matched, 'task')}
            </strong>{' '}
            {preview.matched === 1 ? 'waits or runs' : 'wait or run'}
            {preview.matched === 0 ? ': there is nothing to cancel.' : '; the newest are'}
          </p>
          <ul class="sample">
            {preview.sample.map((task) => (
              <li key={task.id}>
                <TaskLink id={task.id} name={task.name} /> <StateBadge state={task.state} />
              </li>
            ))}
          </ul>
          {states !== undefined && (
            <p role="status">
              {Object.entries(states)
                .map(([state, count]) => `${counted(count, 'task')} ${state}`)
                .join(', ')}
              {step === 'canceling' ? ' …' : '.'}
            </p>
          )}
          {step === 'asking' && preview.matched > 0 && (
            <>
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
                  Cancel {preview.more ? 'all of them' : counted(preview.matched, 'task')}
                </button>
              </p>
            </>
          )}
        </form>
      )}
    </Dialog>
  );
}
