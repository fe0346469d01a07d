import type { Client } from 'pg';
import { toPulpError } from '../postgres/sql-error.ts';
import { LogSlices } from '../queries/log-slices.ts';
import { openSessions, shareSnapshot, type LogSessions } from './verify-sessions.ts';

/** One breach of one rule, as `pulp.violation` describes it. */
export interface Violation {
  readonly rule: string;
  readonly stream_kind: string | null;
  readonly stream_id: string;
  readonly problem: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

export interface VerifyOptions {
  /** Looks at so many random tasks and their claims, instead of all. */
  readonly sample?: number;
}

/** What was looked at and what was found. */
export interface Verification {
  readonly violations: readonly Violation[];
  /** Events folded; undefined for a sample. */
  readonly events?: number;
  readonly seconds: number;
}

/**
 * Whether the log and all that follows from it are in order: see `pulp.verify`, whose work this divides among sessions that
 * share one snapshot. Work that goes on meanwhile is neither disturbed nor the cause of a false alarm. At last it looks at the
 * locks of sessions that rest, which no snapshot holds.
 */
export async function verify(databaseUrl: string, { sample }: VerifyOptions = {}): Promise<Verification> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    await using sessions = await openSessions(databaseUrl, 'pulp verify');
    const [first] = sessions.clients;
    await shareSnapshot(sessions);
    if (sample !== undefined) return { violations: await verifySample(sessions, sample), seconds: seconds() };

    const wholes = [
      'pulp.verify_runs_apart()',
      'pulp.verify_tables()',
      'pulp.verify_workers()',
      'pulp.verify_units()',
      'pulp.verify_holds()',
      'pulp.verify_numbers()',
      'pulp.verify_counts()',
      'pulp.verify_eras()',
      'pulp.verify_leaves()',
    ];
    const log = await LogSlices.of(first, sessions.clients.length);
    const found: (readonly Violation[])[] = [];
    await Promise.all(
      sessions.clients.map(async (client) => {
        for (let whole = wholes.shift(); whole !== undefined; whole = wholes.shift()) {
          found.push(await find(client, whole));
        }
        for (let part = log.next(); part !== undefined; part = log.next()) {
          found.push(await find(client, 'pulp.verify_streams($1, $2)', [part.slice, part.slices]));
        }
        await client.query('commit');
      }),
    );
    found.push(await find(first, 'pulp.verify_locks()'));
    return { violations: found.flat(), events: log.events, seconds: seconds() };
  } catch (error) {
    throw toPulpError(error);
  }
}

/** Looks at random tasks: each session at its share of them. */
async function verifySample({ clients }: LogSessions, sample: number): Promise<readonly Violation[]> {
  const { rows } = await clients[0].query<{ ids: string[] }>('select pulp.verify_sample($1) as ids', [
    sample,
  ]);
  const ids = rows[0]?.ids ?? [];
  const found = await Promise.all(
    clients.map(async (client, index) => {
      const share = ids.filter((_, position) => position % clients.length === index);
      const streams = await find(client, 'pulp.verify_streams(only_ids => $1)', [share]);
      return [...streams, ...(await find(client, 'pulp.verify_tables($1)', [share]))];
    }),
  );
  return found.flat();
}

async function find(client: Client, call: string, values: unknown[] = []): Promise<readonly Violation[]> {
  const { rows } = await client.query<Violation>(`select * from ${call}`, values);
  return rows;
}
