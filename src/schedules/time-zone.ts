import { IANAZone } from 'luxon';
import { badRule } from './bad-rule.ts';

const DAY_MS = 86_400_000;

/** A change of the clock: from `at` on, local time is `after` milliseconds ahead of UTC, and no longer `before`. */
export interface ClockChange {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** A time zone, and when its clocks are changed. Each year is looked through once. */
export class TimeZone {
  readonly #zone: IANAZone;
  readonly #changes = new Map<number, readonly ClockChange[]>();

  /** @throws PulpError BAD_SCHEDULE if there is none of that name */
  constructor(name: string) {
    if (!IANAZone.isValidZone(name)) {
      throw badRule(
        `there is no time zone ${JSON.stringify(name)}`,
        'Give a name of the IANA database, such as Europe/Berlin or UTC.',
      );
    }
    this.#zone = IANAZone.create(name);
  }

  /** How far local time is ahead of UTC at a moment, in milliseconds. */
  offset(moment: number): number {
    return Math.round(this.#zone.offset(moment) * 60_000);
  }

  /** The first change of the clock after a moment and not after another. */
  changeBetween(after: number, until: number): ClockChange | undefined {
    const last = new Date(until).getUTCFullYear();
    for (let year = new Date(after).getUTCFullYear(); year <= last; year += 1) {
      const change = this.#changesOf(year).find(({ at }) => at > after);
      if (change !== undefined) return change.at <= until ? change : undefined;
    }
    return undefined;
  }

  /** The last change of the clock in the two days before a moment, or at it. */
  changeShortlyBefore(moment: number): ClockChange | undefined {
    let last: ClockChange | undefined;
    for (let from = moment - 2 * DAY_MS; ; from = last.at) {
      const change = this.changeBetween(from, moment);
      if (change === undefined) return last;
      last = change;
    }
  }

  #changesOf(year: number): readonly ClockChange[] {
    let changes = this.#changes.get(year);
    if (changes === undefined) {
      changes = this.#findChanges(Date.UTC(year), Date.UTC(year + 1));
      this.#changes.set(year, changes);
    }
    return changes;
  }

  #findChanges(from: number, to: number): ClockChange[] {
    const changes: ClockChange[] = [];
    for (let low = from; low < to; low += DAY_MS / 2) {
      const high = Math.min(low + DAY_MS / 2, to);
      const before = this.offset(low - 1);
      const after = this.offset(high - 1);
      if (before !== after) changes.push({ at: this.#moment(low - 1, high - 1, before), before, after });
    }
    return changes;
  }

  /** When within a span the offset ceases to be what it is at its beginning. */
  #moment(from: number, to: number, offset: number): number {
    let low = from;
    let high = to;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offset(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }
}
