import type { TaskState } from '../constants.ts';
import type { Style } from './line.ts';

const STATES: Readonly<Record<TaskState, Style>> = {
  waiting: 'dim',
  running: 'cyan',
  canceling: 'yellow',
  completed: 'green',
  failed: 'red',
  canceled: 'yellow',
  skipped: 'dim',
};

const EVENTS: Readonly<Record<string, Style>> = {
  TaskStarted: STATES.running,
  TaskCompleted: STATES.completed,
  TaskFailed: STATES.failed,
  TaskRetryScheduled: STATES.failed,
  TaskInterrupted: STATES.waiting,
  TaskRequeued: STATES.waiting,
  TaskCancelRequested: STATES.canceling,
  TaskCanceled: STATES.canceled,
};

/** The colour in which a state of a task is shown. */
export function styleOfState(state: TaskState): Style {
  return STATES[state];
}

/** The colour in which an event is told: that of the state that it leads to. */
export function styleOfEvent(type: string): Style {
  return EVENTS[type] ?? 'dim';
}
