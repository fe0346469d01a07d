import type { TaskState } from '../../constants.ts';

/** A sign for each state beside its colour and its name, for those who do not tell colours apart. */
const SIGNS: Readonly<Record<string, string>> = {
  waiting: '◷',
  running: '▶',
  canceling: '◼',
  completed: '✓',
  failed: '✕',
  canceled: '⊘',
  skipped: '↷',
  online: '●',
  offline: '○',
  missing: '✕',
  silent: '!',
};

/** The state of a task or a worker. */
export function StateBadge({
  state,
}: {
  readonly state: TaskState | 'online' | 'offline' | 'missing' | 'silent';
}) {
  return (
    <span class={`state state-${state}`}>
      <span aria-hidden="true">{SIGNS[state]}</span> {state}
    </span>
  );
}
