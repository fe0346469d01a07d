import type { PulpError } from '../../errors.ts';
import type { SecretPlace } from '../../secrets/secret-places.ts';
import type { NamedRequest } from '../../tasks/enqueue.ts';
import type { StartedTask } from '../runs/run-records.ts';
import type { Outcome } from '../runs/outcome.ts';

/**
 * What a worker says to a horse. Tasks are told apart by their places in the line of the horse: the first one that it is sent
 * has 1, the next 2, and so on.
 */
export type ToHorse =
  /** Run it, after those that were sent before. */
  | { readonly type: 'run'; readonly place: number; readonly task: StartedTask }
  /** End the run of this place: canceled, or its time is up. */
  | { readonly type: 'abort'; readonly place: number; readonly reason: string }
  /** What comes from now on may be run: nothing was left behind by the run that was thought to. */
  | { readonly type: 'resume' }
  | Answer;

/** What a worker says to what it was asked; see `Question`. */
export type Answer =
  /** A value in the encoding of `v8.serialize`, in base64. */
  | { readonly type: 'answer'; readonly number: number; readonly value: string }
  | { readonly type: 'refusal'; readonly number: number; readonly error: Refusal };

/** A `PulpError` on its way. */
export type Refusal = Pick<PulpError, 'code' | 'message' | 'remedy' | 'exitCode'>;

/** What the code of a task asks its worker for, which has the keys and the database; see `WorkersService`. */
export type Question =
  /** The arguments of its task, with the secrets at these places decrypted. */
  | { readonly of: 'arguments'; readonly places: readonly SecretPlace[] }
  /** That what its task has reported so far is in the database. */
  | { readonly of: 'recorded' }
  | { readonly of: 'enqueue'; readonly requests: readonly NamedRequest[] }
  | { readonly of: 'cancel'; readonly id: string; readonly reason?: string | undefined }
  | { readonly of: 'read'; readonly id: string }
  | { readonly of: 'end'; readonly id: string };

/** What a horse says to its worker. */
export type FromHorse =
  /** The task types are loaded. */
  | { readonly type: 'ready' }
  /** The run of this place is about to begin, unless it is taken back; see `Revoker` for whether it has. */
  | { readonly type: 'begun'; readonly place: number }
  /** The task of this place does not run here: it was taken back, or what ran before has left the process unfit for it. */
  | { readonly type: 'declined'; readonly place: number }
  | { readonly type: 'progress'; readonly place: number; readonly told: string }
  /** The code of the run of this place asks something; no other question of this process has the number. */
  | { readonly type: 'ask'; readonly place: number; readonly number: number; readonly question: Question }
  /** Nobody waits for the answer any more. */
  | { readonly type: 'unask'; readonly place: number; readonly number: number }
  | EndOfRun
  /** No other task is to run in this process: something is not as it was. Said while none runs. */
  | { readonly type: 'spent' }
  /** The process is done for; should its run not end before it does, this is why. */
  | { readonly type: 'dying'; readonly outcome: Outcome };

export interface EndOfRun {
  readonly type: 'ended';
  readonly place: number;
  readonly outcome: Outcome;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** For how much of that the process had nothing to do, in milliseconds. */
  readonly idleMs: number;
  /** No other task is to run in this process. */
  readonly spent: boolean;
  /**
   * Only if processes were started meanwhile: the children that are still there. They may have children of their own. The horse
   * declines what it is sent until it is told to resume.
   */
  readonly children?: readonly number[];
}

/** What a horse is told when it is made. */
export interface HorseSettings {
  readonly tasksFiles: readonly string[];
  readonly worker: string;
  readonly workerDirectory: string;
}

/** The file descriptor in a horse of what it says to its worker. */
export const CHANNEL_FD = 3;

/** The file descriptor in a horse of what its worker says to it. */
export const ORDERS_FD = 5;
