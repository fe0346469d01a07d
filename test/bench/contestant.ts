/**
 * An engine, with its settings, that takes part in the benchmark.
 *
 * What is compared is one worker process of each engine, run as its user would run it, on a backlog that is
 * already there. The worker lives in the bench's own process: the engine's JavaScript and the server share
 * the machine as they do in production. What is measured is a worker that is up: connecting, registering and
 * compiling code are nobody's cost.
 */
export interface Contestant {
  /** What `--only`, the report and the targets call it. */
  readonly name: string;
  /** The settings that matter, in a few words, for the report. */
  readonly settings: string;
  /** The part of the tasks of a drain that it gets, above 0 and at most 1: less for one that would take minutes. */
  readonly share: number;
  /** Whether its workers are up and warm when a drain begins. Of the others, the first tasks of a drain do not count. */
  readonly isWarm: boolean;
  /** Takes a place in one round. `databaseUrl` is an empty database of its own on the server that all share. */
  enter(databaseUrl: string): Entry;
}

/** A contestant on its database, for one round. The methods are called once each, in the order they stand here. */
export interface Entry {
  /** Installs the schema and connects what enqueues. Not timed. */
  prepare(): Promise<void>;

  /** Enqueues `count` tasks of the workload. Timed: from the call until the last batch is committed. */
  enqueue(count: number): Promise<void>;

  /**
   * Runs `count` tasks, which are all there. Timed: from when it is warm until every task has run and its end is
   * committed.
   */
  drain(count: number): Promise<void>;

  /** How many tasks the database still holds as not finished. Not timed; anything but 0 spoils the round. */
  unfinished(): Promise<number>;

  /** Stops the workers and closes every connection. Not timed; also called when a step before it failed. */
  close(): Promise<void>;
}
