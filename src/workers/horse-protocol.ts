import type { StartedTask } from './session.ts';
import type { Outcome } from './outcome.ts';

/** What a worker says to a horse. */
export type ToHorse =
  | { readonly type: 'run'; readonly task: StartedTask }
  /** End the run: cancelled, or its time is up. */
  | { readonly type: 'abort'; readonly reason: string };

/** What a horse says to its worker. */
export type FromHorse =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly id: string; readonly progress: string }
  | { readonly type: 'ended'; readonly id: string; readonly outcome: Outcome };

/** What a horse is told when it is made. */
export interface HorseSettings {
  readonly tasksFile: string;
  readonly worker: string;
  readonly workerDirectory: string;
}
