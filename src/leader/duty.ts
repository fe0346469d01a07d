import type { LeaderDuty } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { isContention, isExhaustion, sqlFailure } from '../postgres/sql-error.ts';

/** Pause after the first failure, in milliseconds; each further one in a row doubles it. */
const FIRST_PAUSE_MS = 100;

/** The longest pause, in milliseconds; and where the error may pass by itself. */
const LONGEST_PAUSE_MS = 60_000;
const LONGEST_PASSING_PAUSE_MS = 2000;

/** For how long an error must last that may pass by itself before it is told, in milliseconds. */
const PASSING_MS = 2000;

/** For how long a duty must have worked again before that is told, in milliseconds: one that fails now and then keeps failing. */
const STEADY_MS = 10_000;

/** Why a duty fails, for people and programs. */
export interface DutyError {
  /** SQLSTATE, the code of an error of this package, or the name of another error. */
  readonly code: string;
  readonly message: string;
  /** Whether the same may work when it is done again. */
  readonly isPassing: boolean;
}

/** What is to be told of a duty: that it fails, and why, or (null) that it works again. */
export type DutyNews = { readonly error: DutyError | null } | undefined;

/** What makes decisions repeatable in tests: a monotonic clock in milliseconds, and a number from 0 to 1. */
export interface Chance {
  readonly now: () => number;
  readonly random: () => number;
}

const CHANCE: Chance = { now: () => performance.now(), random: Math.random };

/**
 * When one duty of the leader is due, and how it fares. A duty that fails is tried again after a pause, doubled each time and
 * spread, which no call shortens; it costs the leader nothing else. Failing and working again are news once each.
 */
export class Duty {
  readonly name: LeaderDuty;
  readonly #chance: Chance;
  #dueAt = 0;
  #notBefore = 0;
  #failures = 0;
  #failingSince = 0;
  #failedAt = 0;
  #workedAt: number | undefined;
  #told: string | undefined;

  constructor(name: LeaderDuty, chance = CHANCE) {
    this.name = name;
    this.#chance = chance;
  }

  /** The moment at which it is due, by the clock. */
  get dueAt(): number {
    return Math.max(this.#dueAt, this.#notBefore);
  }

  get isDue(): boolean {
    return this.#chance.now() >= this.dueAt;
  }

  /** How many seconds ago it last did its work; null: never yet. */
  get workedAgo(): number | null {
    return this.#workedAt === undefined ? null : (this.#chance.now() - this.#workedAt) / 1000;
  }

  /** There is something to do: it is due now, if it does not pause after a failure. */
  call(): void {
    this.#dueAt = 0;
  }

  /** It is being done: calls from now on are for the next time. */
  begin(): void {
    this.#dueAt = Infinity;
  }

  /** It is due in so many milliseconds at the latest. */
  nextIn(ms: number): void {
    this.#dueAt = Math.min(this.#dueAt, this.#chance.now() + ms);
  }

  /** It did its work. */
  worked(): DutyNews {
    const now = this.#chance.now();
    this.#workedAt = now;
    this.#failures = 0;
    if (this.#told === undefined) return undefined;
    const untilSteady = this.#failedAt + STEADY_MS - now;
    if (untilSteady <= 0) return { error: null };
    this.nextIn(untilSteady); // however long it would rest else
    return undefined;
  }

  /**
   * It failed, and is due again after a pause.
   *
   * @param longestPauseMs where a try costs little, the pause is not to grow so much
   */
  failed(
    error: DutyError,
    longestPauseMs = error.isPassing ? LONGEST_PASSING_PAUSE_MS : LONGEST_PAUSE_MS,
  ): DutyNews {
    const now = this.#chance.now();
    if (this.#failures === 0) this.#failingSince = now;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, longestPauseMs);
    this.#failures += 1;
    this.#failedAt = now;
    this.#dueAt = 0;
    this.#notBefore = now + pauseMs * (0.75 + this.#chance.random() / 2);
    const mayPass = error.isPassing && now - this.#failingSince < PASSING_MS;
    return error.code === this.#told || mayPass ? undefined : { error };
  }

  /** The news that it gave got through; until then it gives them again. */
  markTold(news: NonNullable<DutyNews>): void {
    this.#told = news.error?.code;
  }
}

/** What an error that a duty met says of it. */
export function dutyError(error: unknown): DutyError {
  const failure = sqlFailure(error);
  if (error instanceof PulpError && failure?.isOfServer !== true) {
    return { code: error.code, message: `${error.message}: ${error.remedy}`, isPassing: false };
  }
  if (failure === undefined) {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    return { code: name, message, isPassing: false };
  }
  const { code, message, hint } = failure;
  return {
    code,
    message: hint === undefined ? message : `${message}: ${hint}`,
    isPassing: isContention(error) || isExhaustion(error),
  };
}
