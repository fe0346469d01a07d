import { once } from 'node:events';
import * as Flags from '@oclif/core/flags';
import { MOST } from '../counts.ts';
import { DatabaseCommand } from '../cli/database-command.ts';
import { LOG_PLACE, parseLogPlace } from '../cli/log-place.ts';
import { printable, printableLine } from '../cli/printable.ts';
import { prose } from '../cli/prose.ts';
import { factsInShort } from '../cli/facts-text.ts';
import type { FollowNotice } from '../events/follow.ts';
import type { EventFilter, LogEvent } from '../events/read.ts';

/** How many events are shown where nothing else is asked for. */
const LIMIT = 1000;

/** Widths of the columns before the facts: the same for every event, also for those that are still to come. Positions grow with eras. */
const COLUMNS = { TIME: 24, POSITION: 16, KIND: 9, STREAM: 36, EVENT: 19 } as const;

export default class Events extends DatabaseCommand {
  static override readonly summary = 'Show what happened, and what happens.';
  static override readonly description = prose(`
One line an event, in the order of the log: when it was, its position, what it is about, what happened, and the facts in
short; --json shows them all. Without --follow it shows what is there, from the beginning or from --from on, and ends; as JSON
it is an array. With --follow it shows what comes, until it is told to end by SIGINT, SIGTERM or SIGHUP, or until nobody reads it
any more; as JSON it is one event a line.

No event is left out, and none is shown twice. To go on where another run ended, give the position (in JSON: the cursor)
of the last event it showed to --from. An event can be shown when every transaction has ended that began to write before it: if one
stays open for long, it is named on stderr. Whoever has seen what the log
has lost since, by a restore or a failover, is told so, and from where to go on. Signs of life of workers are shown only if --kind heartbeat or --type WorkerHeartbeat asks for them.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --from 1h',
    '<%= config.bin %> <%= command.id %> --follow --type TaskFailed --type TaskCanceled',
    '<%= config.bin %> <%= command.id %> --stream 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
    '<%= config.bin %> <%= command.id %> --follow --json --from 1:81734:512990 >> events.ndjson',
  ];

  static override readonly flags = {
    follow: Flags.boolean({ char: 'f', summary: 'Wait for more; begins now if --from says nothing else.' }),
    stream: Flags.string({ helpValue: 'ID', summary: 'Of one task or one worker: its id or name.' }),
    kind: Flags.option({
      options: ['task', 'worker', 'resource', 'system', 'heartbeat'] as const,
      helpValue: 'KIND',
      summary: 'About a task, worker, resource, system, or heartbeat; can be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    })(),
    type: Flags.string({
      helpValue: 'TYPE',
      summary: 'Of this type, such as TaskFailed; can be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    from: Flags.string({
      helpValue: LOG_PLACE,
      summary: 'After this position, or since a time in ISO 8601 or 1h ago.',
    }),
    limit: Flags.integer({
      helpValue: 'N',
      summary: `How many at most. Default: ${LIMIT}; with --follow: without limit.`,
      min: 1,
      max: MOST,
    }),
  };

  /** Set by the first event that is shown. */
  #positionWidth: number | undefined;

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Events);
    const { follow, stream, type: types } = flags;
    const { checkEventTypes } = await import('../cli/event-types.ts');
    await checkEventTypes(types ?? []);
    const { currentCursor } = await import('../events/read.ts');
    const start = parseLogPlace(flags.from ?? (follow ? 'now' : 'beginning'), '--from');
    const options = {
      stream,
      types,
      kinds: flags.kind,
      since: start instanceof Date ? start : undefined,
      after:
        start === 'now'
          ? await currentCursor()
          : start === 'beginning' || start instanceof Date
            ? undefined
            : start,
    };
    return follow ? this.#follow(options, flags.limit) : this.#show(options, flags.limit ?? LIMIT);
  }

  protected override logJson(json: unknown): void {
    if (json !== undefined) super.logJson(json); // a follower has said it all
  }

  async #show({ after, ...filter }: Start, limit: number): Promise<readonly LogEvent[]> {
    const { readEvents } = await import('../events/read.ts');
    const shown: LogEvent[] = [];
    let cursor = after;
    for (;;) {
      const page = await readEvents({ ...filter, after: cursor, limit: limit - shown.length });
      for (const event of page.events) await this.#print(event);
      shown.push(...page.events);
      cursor = page.cursor;
      if (page.caughtUp) break;
      if (shown.length === limit) {
        this.logToStderr(`There may be more; go on by --from ${cursor}.`);
        break;
      }
    }
    if (shown.length === 0) this.logToStderr('There are no such events.');
    return shown;
  }

  async #follow(start: Start, limit = Infinity): Promise<undefined> {
    const { followEvents } = await import('../events/follow.ts');
    const { onEndSignal } = await import('../processes/end-signals.ts');
    const end = new AbortController();
    const stop = () => {
      unheard(); // the next one ends it at once
      end.abort();
    };
    const unheard = onEndSignal(stop);
    process.stdout.once('error', stop); // nobody reads it any more
    let left = limit;
    const onNotice = (notice: FollowNotice) => {
      process.stderr.write(`${printable(noticeText(notice))}\n`); // programs want to know it too
    };
    for await (const event of followEvents({ ...start, signal: end.signal, onNotice })) {
      await this.#print(event, end.signal);
      left -= 1;
      if (left === 0) break;
    }
    return undefined;
  }

  /** Shows one event, and waits while its reader is behind. */
  async #print(event: LogEvent, signal?: AbortSignal): Promise<void> {
    const isFollower = signal !== undefined;
    if (this.jsonEnabled() && !isFollower) return; // comes with all the others
    const text = this.jsonEnabled() ? JSON.stringify(event) : this.#line(event);
    if (process.stdout.write(`${text}\n`) || signal?.aborted === true) return;
    await once(process.stdout, 'drain', { ...(signal && { signal }) }).catch(() => undefined);
  }

  #line(event: LogEvent): string {
    const isFirst = this.#positionWidth === undefined;
    const positionWidth = (this.#positionWidth ??= Math.max(COLUMNS.POSITION, event.cursor.length));
    const line = [
      event.recorded_at.toISOString().padEnd(COLUMNS.TIME),
      event.cursor.padEnd(positionWidth),
      event.stream_kind.padEnd(COLUMNS.KIND),
      printableLine(event.stream_id).padEnd(COLUMNS.STREAM),
      printableLine(event.type).padEnd(COLUMNS.EVENT),
      printableLine(factsInShort(event.data)),
    ].join('  ');
    const header = isFirst ? `${headerLine(positionWidth)}\n` : '';
    return header + line.trimEnd();
  }
}

/** Which events, and after which. */
interface Start extends EventFilter {
  readonly after?: string | undefined;
}

function headerLine(positionWidth: number): string {
  const names = Object.entries({ ...COLUMNS, POSITION: positionWidth }).map(([name, width]) =>
    name.padEnd(width),
  );
  return [...names, 'FACTS'].join('  ');
}

function noticeText(notice: FollowNotice): string {
  switch (notice.what) {
    case 'lost':
      return `Still following: ${notice.error.message}`;
    case 'back':
      return 'The database is back.';
    case 'released':
      return 'The transaction has ended.';
    case 'held': {
      const { pid, since, application, username, database, prepared } = notice.holder;
      const which = prepared === null ? `of process ${pid ?? 'unknown'}` : `prepared as ${prepared}`;
      const whose = [application, username && `user ${username}`, database && `database ${database}`];
      return (
        `Waiting for a transaction ${which} (${whose.filter(Boolean).join(', ')}), open since ` +
        `${since?.toISOString() ?? 'an unknown time'}: what others wrote meanwhile is shown when it has ended.`
      );
    }
  }
}
