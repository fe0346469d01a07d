import type { Client } from 'pg';
import type { Log } from '../log.ts';

/** How many tasks a step looks at, and how long others have the connection to themselves after it, in milliseconds. */
const BATCH = 500;
const BREATH_MS = 20;

/** How soon a walk through all tasks that are over is followed by the next: a part of the shortest time that any is kept, in these bounds. */
const PART_OF_KEPT = 0.1;
const SOONEST_MS = 1000;
const LATEST_MS = 3_600_000;

/** How soon to look whether anything is to be purged where nothing is, in milliseconds, if nobody tells so. */
const IDLE_MS = 60_000;

/** For how long months of the log are kept: those that ended before this go into files in the folder. */
export interface ArchiveRule {
  readonly before: Date;
  readonly folder: string;
}

/** What a step tells. */
export interface RetentionStep {
  readonly nextInMs: number;
  /** Undefined: nothing leaves the log by itself. */
  readonly archive: ArchiveRule | undefined;
}

interface StepRow {
  readonly after_enqueued_at: string | null;
  readonly after_id: string | null;
  readonly purged: string;
  readonly shortest: number | null;
  readonly archive: { readonly before: string; readonly folder: string } | null;
}

/** Walks through the tasks that are over, again and again, and purges those that have been kept for as long as they are to be. */
export class RetentionWalk {
  readonly #client: Client;
  readonly #log: Log;
  #place: Pick<StepRow, 'after_enqueued_at' | 'after_id'> = { after_enqueued_at: null, after_id: null };
  /** By this walk. */
  #purged = 0;

  constructor(client: Client, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  /** One short step. */
  async step(): Promise<RetentionStep> {
    const { rows } = await this.#client.query<StepRow>({
      name: 'purge by retention',
      text: `select after_enqueued_at::text, after_id, purged, shortest, archive from pulp.purge_by_retention($1, $2::timestamptz, $3)`,
      values: [BATCH, this.#place.after_enqueued_at, this.#place.after_id],
    });
    const [done] = rows;
    if (done === undefined) return { nextInMs: IDLE_MS, archive: undefined };
    const { shortest, archive, purged, ...place } = done;
    this.#place = place;
    this.#purged += Number(purged);
    const nextInMs =
      place.after_id !== null
        ? BREATH_MS
        : shortest === null
          ? IDLE_MS
          : Math.min(Math.max(shortest * 1000 * PART_OF_KEPT, SOONEST_MS), LATEST_MS);
    if (place.after_id === null) this.#tell();
    return {
      nextInMs,
      archive: archive === null ? undefined : { before: new Date(archive.before), folder: archive.folder },
    };
  }

  /** A walk is over. */
  #tell(): void {
    if (this.#purged > 0) {
      this.#log.info(
        { purged: this.#purged },
        `${this.#purged === 1 ? 'a task was' : `${this.#purged} tasks were`} purged that had been kept for as long as they are to be`,
      );
    }
    this.#purged = 0;
  }
}
