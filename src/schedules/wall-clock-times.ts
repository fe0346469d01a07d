/**
 * What a rule says in local time, as a calendar and a clock on a wall show it. Local times are written as the milliseconds at which
 * UTC shows the same: no change of the clock is in them.
 */
export interface WallClockTimes {
  /** The first local time after another; undefined: there is none. */
  readonly next: (after: number) => number | undefined;
  /** What becomes of local times that a change of the clock leaves out or repeats. */
  readonly onClockChange: OnClockChange;
}

/**
 * `once`: a time of the day. Left out, it happens at the first moment after the gap; repeated, at its first time alone.
 * `each`: several minutes of an hour. Left out, it happens at the first moment after the gap; repeated, both times.
 * `elapsing`: something of every hour. Left out, it does not happen, as the next one is near; repeated, both times.
 */
export type OnClockChange = 'once' | 'each' | 'elapsing';
