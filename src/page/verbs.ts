import { TASK_RETRIABLE_STATES } from '../constants.ts';

/** What can be done to tasks, one or many, and how people read it. */
export const VERBS = {
  cancel: {
    states: ['waiting', 'running'],
    name: 'Cancel',
    question: 'Cancel all that match?',
    order: 'Cancel',
    button: 'danger',
    apt: (count: number) => (count === 1 ? 'waits or runs' : 'wait or run'),
  },
  retry: {
    states: TASK_RETRIABLE_STATES,
    name: 'Run again',
    question: 'Run all that match again?',
    order: 'Run again',
    button: 'primary',
    apt: (count: number) => `failed, ${count === 1 ? 'was' : 'were'} canceled or skipped`,
  },
} as const;

/** One of `VERBS`. */
export type Verb = keyof typeof VERBS;
