import { useState } from 'preact/hooks';
import type { TaskState } from '../../constants.ts';
import { act, ApiError } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Task } from '../api/tasks.ts';
import { at } from '../moment.ts';
import { filterBody } from '../filters.ts';
import { VERBS, type Verb } from '../verbs.ts';
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

interface BulkActionProps {
  readonly verb: Verb;
  /** What the button is called. */
  readonly name: string;
  readonly filters: Filters;
  /** Told when it is done. */
  readonly done?: () => void;
}

/** Does the same to all that match, after showing how many and which these are. Those that come after that are left alone. */
export function BulkAction({ verb, name, filters, done }: BulkActionProps) {
  const [isOpen, setIsOpen] = useState(false);
  const why =
    lacking('cancel') ?? (at.value === undefined ? undefined : 'What was cannot be changed: go live first.');
  return (
    <>
      <button
        type="button"
        class={VERBS[verb].button}
        disabled={why !== undefined}
        title={why}
        aria-describedby={why === undefined ? undefined : `no-bulk-${verb}`}
        onClick={() => {
          setIsOpen(true);
        }}
      >
        {name}
      </button>
      {why !== undefined && (
        <span id={`no-bulk-${verb}`} class="hint">
          {why}
        </span>
      )}
      {isOpen && (
        <BulkDialog
          verb={verb}
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

interface BulkDialogProps {
  readonly verb: Verb;
  readonly filters: Filters;
  readonly close: () => void;
}

function BulkDialog({ verb, filters, close }: BulkDialogProps) {
  const asked = filterBody(filters);
  const [preview, setPreview] = useState<Answer>();
  const [states, setStates] = useState<Answer['states']>();
  const [error, setError] = useState<ApiError>();
  const [reason, setReason] = useState('');
  const [step, setStep] = useState<'asking' | 'acting' | 'done'>('asking');
  if (preview === undefined && error === undefined) {
    act<Answer>(`tasks/${verb}`, { ...asked, dry_run: true }).then(setPreview, setError);
  }
  const actOnAll = async () => {
    setStep('acting');
    // A task that was enqueued after the newest that was found is not among them.
    const newest = Date.parse(preview?.sample[0]?.enqueued_at ?? '');
    const enqueued_before = new Date(newest + 1).toISOString();
    const sum: Partial<Record<TaskState, number>> = {};
    try {
      for (let more = true; more;) {
        const answer = await act<Answer>(`tasks/${verb}`, {
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
    <Dialog title={VERBS[verb].question} close={close}>
      {error !== undefined && <Problem error={error} />}
      {preview === undefined && error === undefined && <p class="empty">Looking…</p>}
      {preview !== undefined && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void actOnAll();
          }}
        >
          <p>
            <strong>
              {preview.more ? 'more than ' : ''}
              {counted(preview.matched, 'task')}
            </strong>{' '}
            {VERBS[verb].apt(preview.matched)}
            {preview.matched === 0 ? ': there is nothing to do.' : '; the newest are'}
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
              {step === 'acting' ? ' …' : '.'}
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
                <button type="submit" class={VERBS[verb].button}>
                  {VERBS[verb].order} {preview.more ? 'all of them' : counted(preview.matched, 'task')}
                </button>
              </p>
            </>
          )}
        </form>
      )}
    </Dialog>
  );
}
