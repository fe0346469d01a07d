/** Whose systemd runs the services: that of the machine, or that of one user. */
export type Scope = 'system' | 'user';

/** What the services of the workers are to be. Paths are absolute. */
export interface ServiceSettings {
  readonly scope: Scope;
  /** How many reserved workers there are. */
  readonly workers: number;
  /** How many tasks a reserved worker has in hand. */
  readonly concurrency: number;
  /** The Node that runs them, and the script of the command line. */
  readonly node: string;
  readonly script: string;
  /** Their current folder. */
  readonly folder: string;
  /** The files of task types, and folders of them. */
  readonly tasksPaths: readonly string[];
  /** Settings of theirs, secrets too; only its path stands in a unit. */
  readonly environmentFile?: string | undefined;
  /** The account they run as, of the system's services. Default: one that systemd makes for them. */
  readonly account?: string | undefined;
  /** The root of their working directories. Default: in a cache folder that systemd makes. */
  readonly workingRoot?: string | undefined;
  /** After a request to end, how long what runs may go on, in milliseconds. */
  readonly shutdownDeadlineMs: number;
  /** Whether this systemd knows pauses that grow from one restart to the next (version 254). */
  readonly growingPauses: boolean;
  /** Changes with the content of the files that the services read when they start, see `revisionOf`. */
  readonly revision: string;
}

/** Whether a path lies where homes are, which a service's own account cannot enter. */
export function isInHome(path: string): boolean {
  return /^\/(home|root|run\/user)(\/|$)/.test(path);
}
