import type { ExitCode } from '../errors.ts';

/** What one of the SQLSTATEs means by which the engine's functions refuse. */
export interface Refusal {
  /** The `code` of the `PulpError` that callers get. */
  readonly code: string;
  /** What was wrong, whichever function says it; its message says of what. */
  readonly meaning: string;
  /** What to do about it where the function gives no hint of its own. */
  readonly remedy: string;
  readonly exitCode: ExitCode;
}

/** The engine's own SQLSTATE for a cursor of a history that the log left; its detail says from where to go on. */
export const LOG_REWOUND = 'PU013';

/** What the engine's own SQLSTATEs mean. PU009 is none: by it a function takes back what it tried. */
export const REFUSALS: Readonly<Record<string, Refusal>> = {
  22021: {
    code: 'INVALID_INPUT',
    meaning: 'A text is not one that Postgres can keep.',
    remedy: 'Leave NUL characters out, and what is no UTF-8.',
    exitCode: 2,
  },
  PU001: {
    code: 'FENCED',
    meaning: 'A worker that was given up for lost, or born anew, spoke of its runs: others own them.',
    remedy: 'End every run of this worker at once, then register it anew.',
    exitCode: 1,
  },
  PU002: {
    code: 'MISSING_RESOURCE',
    meaning: "There is no such task, worker or token, or it is not the caller's to see.",
    remedy: 'Check the id or name: the `list` command of its kind shows those known.',
    exitCode: 3,
  },
  PU003: {
    code: 'ID_CONFLICT',
    meaning: 'The id is that of another task or hold, with other content, or of a task that was purged.',
    remedy: 'Give each an id of its own, or leave it out; nothing was written.',
    exitCode: 2,
  },
  PU004: {
    code: 'INVALID_INPUT',
    meaning: 'A value is not what the function takes; the message begins with its place.',
    remedy: 'Correct this value; nothing was written.',
    exitCode: 2,
  },
  PU005: {
    code: 'UNKNOWN_TASK_TYPE',
    meaning: 'No worker has published a task type of this name.',
    remedy: 'Start a worker that has it, or enqueue it unchecked.',
    exitCode: 2,
  },
  PU006: {
    code: 'WORKER_NAME_TAKEN',
    meaning: 'A worker of this name is up.',
    remedy: 'Give this worker another name, or stop the other one first.',
    exitCode: 1,
  },
  PU007: {
    code: 'APPEND_ONLY',
    meaning: 'Events are never changed or deleted.',
    remedy: 'Append a new event that says what changed.',
    exitCode: 1,
  },
  PU008: {
    code: 'LOG_UNREADABLE',
    meaning: 'An event cannot be folded: its type or version is unknown, or one before it is missing.',
    remedy: 'Upgrade if a newer version wrote it; else `pulp db verify` tells what is wrong.',
    exitCode: 1,
  },
  PU010: {
    code: 'LEAF_IN_USE',
    meaning: 'A month of the log cannot be archived yet.',
    remedy: 'The message says what stands against it: purge tasks, or let subscriptions catch up.',
    exitCode: 1,
  },
  PU011: {
    code: 'PLAIN_SECRET',
    meaning: 'An argument that its type marks as a secret came in the clear.',
    remedy: 'Enqueue this task through the package or `pulp task enqueue`, which have the keys.',
    exitCode: 2,
  },
  PU012: {
    code: 'WORKER_NAME_LEASED',
    meaning: 'A worker of this name has lost its session, but its lease stands.',
    remedy: 'Wait until its lease is over, or give this worker another name.',
    exitCode: 1,
  },
  [LOG_REWOUND]: {
    code: 'LOG_REWOUND',
    meaning: 'A cursor is of a history that the log left, by a restore or a failover.',
    remedy: 'Take back what was seen after the place that the detail names, and go on from there.',
    exitCode: 1,
  },
  PU020: {
    code: 'TOO_MANY_QUEUES',
    meaning: 'There are as many queues as there may be.',
    remedy: 'Use a queue that there is; empty ones that no worker serves go by the daily upkeep.',
    exitCode: 2,
  },
  PU021: {
    code: 'NOT_ITS_SESSION',
    meaning: 'This session, or its login, does not speak for that worker, or does not lead.',
    remedy: 'Speak on the session and by the login that the worker was born on.',
    exitCode: 1,
  },
  PU022: {
    code: 'NOT_OWNED',
    meaning: "Something that a task names is another owner's.",
    remedy: 'Name only what is your own, or leave it out; nothing was enqueued.',
    exitCode: 2,
  },
  PU023: {
    code: 'QUOTA_EXCEEDED',
    meaning: 'The call asks for more than the quota of its owner allows.',
    remedy: 'Ask for less at once, or an operator for more; nothing was enqueued.',
    exitCode: 2,
  },
  PU024: {
    code: 'NOT_RETRIABLE',
    meaning: 'A task that has completed is not run again.',
    remedy: 'Enqueue another one with its arguments.',
    exitCode: 1,
  },
  PU025: {
    code: 'NOT_PAUSED',
    meaning: 'What is to be resumed is not paused.',
    remedy: '`pulp pause` shows what is paused.',
    exitCode: 3,
  },
  PU026: {
    code: 'WORKER_NOT_ONLINE',
    meaning: 'A worker that is not online cannot be told anything.',
    remedy: '`pulp worker list` shows those online.',
    exitCode: 1,
  },
  PU027: {
    code: 'MISSING_SCHEDULE',
    meaning: "There is no schedule of this name, or it is not the caller's.",
    remedy: '`pulp schedule list` shows those known.',
    exitCode: 3,
  },
  PU028: {
    code: 'SCHEDULE_EXISTS',
    meaning: 'There is a schedule of this name already.',
    remedy: 'Delete it first, or take another name; nothing was written.',
    exitCode: 2,
  },
  PU029: {
    code: 'SCHEDULE_STATE',
    meaning: 'The state of the schedule does not allow this.',
    remedy: '`pulp schedule show` tells how it is.',
    exitCode: 1,
  },
  PU030: {
    code: 'NOT_UNIQUE',
    meaning: 'Another task stands for this unique key, and the request says to refuse then.',
    remedy: 'Wait for that task, or ask for another key; nothing was enqueued.',
    exitCode: 2,
  },
  PU031: {
    code: 'HOLD_OVER',
    meaning: 'The hold is over, or never was.',
    remedy: '`pulp events --kind system` tells what became of it.',
    exitCode: 3,
  },
  PU037: {
    code: 'MISSING_SUBSCRIPTION',
    meaning: "There is no subscription of this name, or it is not the caller's.",
    remedy: '`pulp subscription list` shows those known.',
    exitCode: 3,
  },
  PU038: {
    code: 'SUBSCRIPTION_EXISTS',
    meaning: 'There is a subscription of this name already.',
    remedy: 'Delete it first, or take another name; nothing was written.',
    exitCode: 2,
  },
  PU039: {
    code: 'SUBSCRIPTION_STATE',
    meaning: 'The state or the kind of the subscription does not allow this.',
    remedy: '`pulp subscription show` tells how it is.',
    exitCode: 1,
  },
  PU040: {
    code: 'MISSING_DEPENDENCY',
    meaning: 'A task that another is to come after is not there.',
    remedy: 'Name tasks that are there and not purged, or that are enqueued with it; nothing was enqueued.',
    exitCode: 2,
  },
  PU041: {
    code: 'DEPENDENCY_CIRCLE',
    meaning: 'Tasks are to come after each other in a circle.',
    remedy: 'Have one of them not wait; nothing was enqueued.',
    exitCode: 2,
  },
  PU042: {
    code: 'MISSING_GROUP',
    meaning: "No group of this name was created, or it is not the caller's.",
    remedy: '`pulp group list` shows those known; `pulp group create` makes one.',
    exitCode: 3,
  },
  PU043: {
    code: 'GROUP_EXISTS',
    meaning: 'There is a group of this name already.',
    remedy: 'Take another name; nothing was written.',
    exitCode: 2,
  },
  PU044: {
    code: 'GROUP_DISPATCHED',
    meaning: 'It was said of the group that all its tasks are there.',
    remedy: 'Only its own tasks can enqueue more while they run. Take another group; nothing was enqueued.',
    exitCode: 2,
  },
  PU045: {
    code: 'WOULD_DEADLOCK',
    meaning: 'A task would wait for another that can never end before it.',
    remedy: 'Let the task end without waiting, or let only one of them claim what both need.',
    exitCode: 1,
  },
  PU060: {
    code: 'LOG_ARCHIVED',
    meaning: 'Events that would come next were archived and have left the log.',
    remedy: 'Go on from a later place.',
    exitCode: 1,
  },
  PU061: {
    code: 'NO_RETENTION',
    meaning: 'Nothing is said of for how long this is kept.',
    remedy: '`pulp retention list` shows what is.',
    exitCode: 3,
  },
  PU062: {
    code: 'TOO_MANY_REQUIREMENTS',
    meaning: 'Tasks require more different things than there may be.',
    remedy: 'Require the same of tasks that can run in the same place; nothing was enqueued.',
    exitCode: 2,
  },
};
