import type { Client, Notification } from 'pg';
import { CHANNELS, DEFAULT_QUEUE, LEAVES_AHEAD_MS } from '../constants.ts';
import { NoticePace } from '../notice-pace.ts';
import { isConnectionFailure } from '../postgres/sql-error.ts';
import { Wakeup } from '../wakeup.ts';
import type { Log } from '../log.ts';
import { Duty, dutyError, type DutyError } from './duty.ts';
import { MonthArchiver } from './archive-months.ts';
import { fireSchedules } from './fire-schedules.ts';
import { RetentionWalk, type ArchiveRule } from './keep-retention.ts';
import { WebhookSender } from './send-webhooks.ts';
import type { SilenceObserver } from './silence-observer.ts';
import { tellOfLosses, type Look } from './worker-watcher.ts';

/** How many changes a granting pass looks at. */
const BATCH = 1000;

/** How long the leader waits for a notification before it looks all the same, in milliseconds: what a lost one costs at most. */
const POLL_MS = 5000;

/** The same where commits wait for a standby: there nobody but the leader sends notifications, see `pulp.notify`. */
const UNTOLD_POLL_MS = 250;

/** The longest pause, in milliseconds, after a failure of what costs next to nothing. */
const SHORT_PAUSE_MS = 1000;

/** How often the leader looks for workers that are gone, in milliseconds: a dead session is seen within a second. */
const WATCH_MS = 800;

/** How often upkeep is done, and how soon again where a part of it failed, in milliseconds. */
const UPKEEP_MS = 86_400_000;
const UPKEEP_RETRY_MS = 3_600_000;

/** How often the leader looks for jobs that others have taken, in milliseconds. */
const MEND_MS = 60_000;

/** What is notified when the leader is to look when the next schedule is due. */
const SCHEDULES_CHANGED = 'schedules';

/** The same when it is to look for what is to be sent to webhooks; and how often it looks where there are any, in milliseconds. */
const WEBHOOKS_CHANGED = 'webhooks';
const WEBHOOKS_MS = 500;

/** The same when something is to be kept for another time; and how often months of the log are looked for that are to leave it, in milliseconds. */
const RETENTION_CHANGED = 'retention';
const ARCHIVE_MS = 3_600_000;

/** How much an answer may be late that tells the time, in milliseconds, before it looks as if the clock was put back. */
const CLOCK_TOLERANCE_MS = 1000;

/** The leader's duties, as its log names them. */
const DUTY_WORDS = {
  grant: 'granting',
  watch: 'watching the workers',
  upkeep: 'the upkeep',
  notices: 'sending notifications',
  mend: 'mending what was taken from the queues',
  schedules: 'enqueueing what schedules ask for',
  webhooks: 'sending to webhooks',
  retention: 'purging what was kept long enough',
  archive: 'archiving what was kept long enough',
} as const;

/** What `pulp.grant_reservations` gives. */
interface GrantingPass {
  readonly granted: number;
  readonly more: boolean;
  readonly next_due_seconds: number | null;
  /** It failed with several tasks, and with no other. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly works: boolean;
  readonly told: HeldBack | null;
}

/** Tasks that were held back: how many, and the first of them. */
interface HeldBack {
  readonly number: number;
  readonly first: readonly { readonly task: string; readonly code: string; readonly message: string }[];
}

/** What a leader is made with, is told, and tells. */
export interface TermSettings {
  /** What this observer has seen of the workers, leading or not. */
  readonly silence: SilenceObserver;
  /** Leads only while no worker that is made for it is there. */
  readonly standIn: boolean;
  readonly log: Log;
  /** See `ResourceManagerSettings`. */
  readonly onUntold: (untold: boolean) => void;
  readonly isStopped: () => boolean;
  /** Its worker is about to stop. */
  readonly isResigned: () => boolean;
  /** A duty did its work. */
  readonly onWorked: () => void;
}

/** One term of office, on the connection whose lock it is held by. */
export class Term implements Disposable {
  readonly #client: Client;
  readonly #settings: TermSettings;
  readonly #wakeup: Wakeup;
  readonly #grants = new Duty('grant');
  readonly #watches = new Duty('watch');
  readonly #upkeep = new Duty('upkeep');
  readonly #notices = new Duty('notices');
  readonly #mends = new Duty('mend');
  readonly #schedules = new Duty('schedules');
  readonly #webhooks = new Duty('webhooks');
  readonly #sender: WebhookSender;
  readonly #retention = new Duty('retention');
  readonly #walk: RetentionWalk;
  readonly #archive = new Duty('archive');
  readonly #archiver: MonthArchiver;
  #archiveRule: ArchiveRule | undefined;
  /** What the last notices were sent after. */
  #noticed: { readonly last_position: string; readonly open: boolean } | undefined;
  readonly #unhear: () => void;
  readonly #claims = new NoticePace(() => {
    this.#grants.call();
    this.#wakeup.call();
  });
  readonly #arrivals = new NoticePace(() => {
    this.#watches.call();
    this.#wakeup.call();
  });
  /** By how much the server's clock is ahead of this process's monotonic one, in milliseconds. */
  #clockOffset = -Infinity;
  /** Commits wait for a standby, so that nobody but the leader sends notifications. */
  /** Who held an old snapshot at the last look. */
  #slowedBy: string | null = null;
  #isUntold = false;
  #isLost = false;
  #isAlone = false;
  /** A worker that is made to lead is there. */
  #isManaged = false;
  /** Whether tasks of the default queue are fetched there; else each arrival is routed to a reserved worker. */
  #defaultServed = true;

  constructor(client: Client, wakeup: Wakeup, settings: TermSettings) {
    this.#client = client;
    this.#wakeup = wakeup;
    this.#settings = settings;
    this.#sender = new WebhookSender(client, {
      log: settings.log,
      onSettled: () => {
        this.#webhooks.call();
        wakeup.call();
      },
    });
    this.#walk = new RetentionWalk(client, settings.log);
    this.#archiver = new MonthArchiver(settings.log, () => {
      this.#archive.call();
      wakeup.call();
    });
    const lose = () => {
      this.#isLost = true;
      wakeup.call();
    };
    const changed: ReadonlyMap<string, readonly Duty[]> = new Map([
      [SCHEDULES_CHANGED, [this.#schedules]],
      [WEBHOOKS_CHANGED, [this.#webhooks]],
      [RETENTION_CHANGED, [this.#retention, this.#archive]],
    ]);
    const hear = ({ channel, payload }: Notification) => {
      const duties = channel === CHANNELS.grant ? changed.get(payload ?? '') : undefined;
      if (duties !== undefined) {
        for (const duty of duties) duty.call();
        wakeup.call();
      } else if (channel === CHANNELS.grant) this.#claims.hear();
      else if (payload === DEFAULT_QUEUE) this.#arrivals.hear();
    };
    client.on('error', lose).on('end', lose).on('notification', hear);
    this.#unhear = () => {
      client.off('error', lose).off('end', lose).off('notification', hear);
    };
  }

  /** Hears nothing of its connection any more. */
  [Symbol.dispose](): void {
    this.#unhear();
    this.#sender[Symbol.dispose]();
    this.#archiver[Symbol.dispose]();
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Leads until told to stop, the connection is lost, or one made for it is there. A duty that fails ends no term. */
  async lead(): Promise<void> {
    const { log, standIn, isStopped, onWorked } = this.#settings;
    log.info({}, 'leads as resource manager');
    this.#notices.begin(); // not needed, as far as is known
    await this.#client.query(`listen ${CHANNELS.grant}`);
    const attend = async (duty: Duty, step: () => Promise<DutyError | null | undefined>) => {
      if (isStopped() || !duty.isDue) return;
      if (await this.#attend(duty, step)) onWorked();
    };
    while (!this.#isLost && !isStopped()) {
      this.#wakeup.arm();
      await attend(this.#grants, () => this.#grant());
      await attend(this.#schedules, () => this.#fireSchedules());
      await attend(this.#notices, () => this.#sendNotices());
      await attend(this.#watches, () => this.#watch());
      if (standIn && this.#isManaged) return;
      await attend(this.#upkeep, () => this.#keepUp());
      await attend(this.#mends, () => this.#mend());
      await attend(this.#webhooks, () => this.#sendWebhooks());
      await attend(this.#retention, () => this.#keepRetention());
      await attend(this.#archive, () => this.#archiveMonths());
      const dueAt = Math.min(
        ...[
          this.#grants,
          this.#schedules,
          this.#notices,
          this.#watches,
          this.#upkeep,
          this.#mends,
          this.#webhooks,
          this.#retention,
          this.#archive,
        ].map((duty) => duty.dueAt),
      );
      await this.#wakeup.sleep(Math.max(0, Math.min(dueAt - performance.now(), POLL_MS)));
    }
  }

  /**
   * Does a duty, and tells the log and the database if it fails or works again; says whether it worked. A step gives null
   * if it did its work, an error if it did not, and undefined if it cannot tell.
   *
   * @throws what says that the connection is lost
   */
  async #attend(duty: Duty, step: () => Promise<DutyError | null | undefined>): Promise<boolean> {
    duty.begin();
    let error: DutyError | null | undefined;
    let longestPauseMs: number | undefined = SHORT_PAUSE_MS;
    try {
      error = await step();
    } catch (thrown) {
      if (this.#isLost || isConnectionFailure(thrown)) throw thrown;
      error = dutyError(thrown);
      if (duty !== this.#notices) longestPauseMs = undefined;
    }
    if (error === undefined) return false;
    const news = error === null ? duty.worked() : duty.failed(error, longestPauseMs);
    if (news !== undefined) await this.#tell(duty, news);
    return error === null;
  }

  async #tell(duty: Duty, news: { readonly error: DutyError | null }): Promise<void> {
    const { log } = this.#settings;
    const { error } = news;
    if (error === null) log.info({ duty: duty.name }, `${DUTY_WORDS[duty.name]} works again`);
    else {
      log.error(
        { duty: duty.name, code: error.code },
        `${DUTY_WORDS[duty.name]} fails and is tried again, less and less often: ${error.message}`,
      );
    }
    const told = error === null ? null : { code: error.code, message: error.message };
    try {
      await this.#client.query('select pulp.report_duty($1, $2, $3)', [duty.name, told, duty.workedAgo]);
      duty.markTold(news);
    } catch (thrown) {
      if (this.#isLost || isConnectionFailure(thrown)) throw thrown;
      log.warn({ err: thrown }, 'how the leader fares could not be recorded; it is tried again');
    }
  }

  async #grant(): Promise<DutyError | null | undefined> {
    const { rows } = await this.#client.query<GrantingPass>({
      name: 'grant',
      text: 'select granted, more, next_due_seconds, error, works, told from pulp.grant_reservations($1)',
      values: [BATCH],
    });
    const [pass] = rows;
    if (pass === undefined) return undefined;
    const { granted, more, next_due_seconds, error, works, told } = pass;
    if (granted > 0) this.#claims.found();
    const dueInMs = more ? 0 : Math.max(0, (next_due_seconds ?? Infinity) * 1000);
    this.#grants.nextIn(Math.min(this.#isUntold ? UNTOLD_POLL_MS : POLL_MS, dueInMs));
    if (this.#isUntold) this.#notices.call();
    if (told !== null) this.#tellHeldBack(told);
    if (error !== null) return { ...error, isPassing: false };
    return works ? null : undefined;
  }

  /** Enqueues what schedules ask for. */
  async #fireSchedules(): Promise<null> {
    const { enqueued, nextDueSeconds } = await fireSchedules(this.#client);
    if (enqueued > 0) {
      this.#grants.call();
      if (this.#isUntold) this.#notices.call();
    }
    this.#schedules.nextIn(Math.min(POLL_MS, Math.ceil((nextDueSeconds ?? Infinity) * 1000)));
    return null;
  }

  /** Begins to send what subscriptions have for webhooks. */
  async #sendWebhooks(): Promise<null> {
    this.#webhooks.nextIn((await this.#sender.look()) ? WEBHOOKS_MS : POLL_MS);
    return null;
  }

  /** Purges tasks that have been kept long enough, a short step at a time. */
  async #keepRetention(): Promise<null> {
    const { nextInMs, archive } = await this.#walk.step();
    if ((this.#archiveRule === undefined) !== (archive === undefined)) this.#archive.call();
    this.#archiveRule = archive;
    this.#retention.nextIn(nextInMs);
    return null;
  }

  /** Moves months out of the log that have been kept long enough; does not wait for it. */
  #archiveMonths(): Promise<null | undefined> {
    if (this.#archiveRule === undefined) return Promise.resolve(null); // also what failed before is well so
    this.#archive.nextIn(ARCHIVE_MS);
    return Promise.resolve(this.#archiver.begin(this.#archiveRule) ? undefined : null);
  }

  /** Names tasks in the log, each once, that cannot be brought forward and are tried apart from the others. */
  #tellHeldBack({ number, first }: HeldBack): void {
    const named = first.map(({ task, message }) => `${task}: ${message}`).join('; ');
    this.#settings.log.warn(
      { tasks: first.map(({ task }) => task), number },
      `${number === 1 ? 'a task is' : `${number} tasks are`} held back and hold up no other: ${named}`,
    );
  }

  async #sendNotices(): Promise<null> {
    const { rows } = await this.#client.query<{ last_position: string; open: boolean }>({
      name: 'notices',
      text: 'select last_position, open from pulp.send_notices($1, $2)',
      values: [this.#noticed?.last_position ?? null, this.#noticed?.open ?? true],
    });
    this.#noticed = rows[0];
    return null;
  }

  /** Declares workers missing that are silent, recovers their runs, and delivers anew what waits for one that is not there. */
  async #watch(): Promise<null> {
    const { log, silence, isResigned, onUntold } = this.#settings;
    const { rows } = await this.#client.query<
      Look & { more: boolean; default_served: boolean; untold: boolean; clock_ms: number }
    >({
      name: 'watch',
      text: `select missing, recovered, marks, resource_managers, workers, more, default_served,
               current_setting('synchronous_standby_names') <> '' as untold,
               (extract(epoch from clock_timestamp()) * 1000)::float8 as clock_ms
             from pulp.check_worker_processes($1) cross join lateral pulp.reroute_tasks($2)`,
      values: [silence.silentAt(performance.now()), BATCH],
    });
    const [seen] = rows;
    if (seen === undefined) return null;
    silence.observe(seen.marks, performance.now());
    // The clock of the server was put back: what was delivered before would wait until it is there again.
    const clockOffset = seen.clock_ms - performance.now();
    if (clockOffset < this.#clockOffset - CLOCK_TOLERANCE_MS) this.#mends.call();
    this.#clockOffset = clockOffset;
    if (seen.untold && !this.#isUntold) this.#grants.call();
    this.#isUntold = seen.untold;
    onUntold(seen.untold);
    tellOfLosses(seen, log);
    if (seen.workers === 0 && !this.#isAlone && !isResigned()) {
      log.error({}, 'no worker is online: no task will run until one is started');
    }
    this.#isAlone = seen.workers === 0;
    this.#isManaged = seen.resource_managers > 0;
    if (seen.default_served !== this.#defaultServed) {
      this.#defaultServed = seen.default_served;
      await this.#client.query(`${seen.default_served ? 'unlisten' : 'listen'} ${CHANNELS.ready}`);
    }
    this.#watches.nextIn(seen.more ? 0 : WATCH_MS);
    return null;
  }

  /** Delivers again what another client of pg-boss has taken from our queues, and tells of who slows them. */
  async #mend(): Promise<null> {
    const { log } = this.#settings;
    const { rows } = await this.#client.query<{
      mended: number;
      takers: readonly string[] | null;
      old_snapshot: string | null;
    }>({
      name: 'mend',
      text: 'select mended, takers, pulp.old_snapshot() from pulp.mend_delivery($1)',
      values: [BATCH],
    });
    const { old_snapshot: holder = null, ...done } = rows[0] ?? { mended: 0 };
    if (done.mended > 0) {
      log.warn(
        done,
        'jobs of waiting tasks had been taken from the queues by others, and were delivered again',
      );
    }
    if (holder !== null && holder !== this.#slowedBy)
      log.warn(
        { holder },
        'a transaction holds an old snapshot: what was done since cannot be cleaned up, and work slows down',
      );
    this.#slowedBy = holder;
    this.#mends.nextIn(MEND_MS);
    return null;
  }

  /** Makes the log's leaves ahead, drops old heartbeats and forgets what nobody needs; a failure ends no term. */
  async #keepUp(): Promise<null> {
    const { rows } = await this.#client.query<{
      dropped_leaves: string[] | null;
      forgotten_resources: string | null;
      deleted_queues: string[] | null;
      failures: string[];
      more: boolean;
      leaves_end: Date | null;
    }>('select * from pulp.keep_up()');
    const [done] = rows;
    if (done === undefined) return null;
    const { failures, more, leaves_end, ...report } = done;
    const { log } = this.#settings;
    log.info({ ...report, leaves_end }, 'upkeep is done');
    for (const failure of failures) log.warn({}, `upkeep: ${failure}`);
    if (leaves_end === null || leaves_end.getTime() < Date.now() + LEAVES_AHEAD_MS) {
      log.error({ leaves_end }, 'the log has no leaves for the coming days: soon nothing can be written');
    }
    const pauseMs = more ? POLL_MS : failures.length > 0 ? UPKEEP_RETRY_MS : UPKEEP_MS;
    this.#upkeep.nextIn(pauseMs);
    return null;
  }
}
