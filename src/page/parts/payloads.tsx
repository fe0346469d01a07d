import { isFinal } from '../../constants.ts';
import type { Task } from '../api/tasks.ts';
import { JsonView } from './json-view.tsx';
import { Reports } from './reports.tsx';

/** What a task was given, and what it gave. */
export function Payloads({ task }: { readonly task: Task }) {
  const { args, kwargs, result, error, progress, reported, state } = task;
  if (args === null) {
    return (
      <section class="card" aria-labelledby="payloads">
        <h2 id="payloads">Arguments and result</h2>
        <p class="hint">
          Hidden from you. Callers are set apart here (<code>pulp db policy</code>): arguments, results,
          errors and progress are for the owner of a task, and for operators. It takes a token with the role
          operator.
        </p>
      </section>
    );
  }
  return (
    <section class="card" aria-labelledby="payloads">
      <h2 id="payloads">Arguments and result</h2>
      {isGiven(args) && <Payload label="Positional arguments" value={args} />}
      {isGiven(kwargs) && <Payload label="Arguments" value={kwargs} />}
      {!isGiven(args) && !isGiven(kwargs) && <p class="hint">It was given no arguments.</p>}
      {error !== null && <TaskError error={error} />}
      <Reports reported={reported} />
      {progress !== null && <Payload label="Progress" value={progress} />}
      {(result !== null || state === 'completed') && <Payload label="Result" value={result} />}
      {!isFinal(state) && <p class="hint">It has no result yet.</p>}
    </section>
  );
}

function Payload({ label, value }: { readonly label: string; readonly value: unknown }) {
  return (
    <>
      <h3>{label}</h3>
      <JsonView label={label} value={value} />
    </>
  );
}

/** Why its latest run failed: the message, and its stack where it has one. */
function TaskError({ error }: { readonly error: unknown }) {
  const { code, message, stack } = error as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly stack?: unknown;
  };
  if (typeof message !== 'string') return <Payload label="Error" value={error} />;
  return (
    <>
      <h3>Error</h3>
      <p class="error-text">
        {message} {typeof code === 'string' && <code>{code}</code>}
      </p>
      {typeof stack === 'string' && (
        <details>
          <summary>Stack</summary>
          <pre tabIndex={0} aria-label="Stack">
            {stack}
          </pre>
        </details>
      )}
    </>
  );
}

function isGiven(value: unknown): boolean {
  return JSON.stringify(value) !== '[]' && JSON.stringify(value) !== '{}';
}
