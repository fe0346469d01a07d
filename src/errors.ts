/** How a command that met the error exits: 1 failed, 2 bad input, 3 not found. */
export type ExitCode = 1 | 2 | 3;

/**
 * An error that its reader can act on: `message` says what was wrong, `remedy` what to do about it.
 * `code` (UPPER_SNAKE) is stable, for programs; the words are not.
 */
export class PulpError extends Error {
  override readonly name = 'PulpError';
  readonly code: string;
  readonly remedy: string;
  readonly exitCode: ExitCode;

  constructor(
    code: string,
    message: string,
    { remedy, cause, exitCode = 1 }: { remedy: string; cause?: unknown; exitCode?: ExitCode },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** A cursor is of a history that the log left: its reader has seen what may not have happened here. See `docs/eras.md`. */
export class LogRewoundError extends PulpError {
  /** The cursor from which to go on: all that comes before it happened here, too. */
  readonly goOnFrom: string;

  constructor(
    message: string,
    { goOnFrom, remedy, cause }: { goOnFrom: string; remedy: string; cause?: unknown },
  ) {
    super('LOG_REWOUND', message, { remedy, cause });
    this.goOnFrom = goOnFrom;
  }
}

/** There is no task of that id (pulpcore's `MissingResource`). */
export class MissingResourceError extends PulpError {
  constructor(taskId: string) {
    super('MISSING_RESOURCE', `there is no task ${taskId}`, {
      remedy: 'Check the id: `pulp task list` shows the tasks there are.',
      exitCode: 3,
    });
  }
}
