import { readFile, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Client } from 'pg';
import { parseEvent, type UnparsedEvent } from '../../src/events/event.ts';
import { claimKey, foldLog, type LoggedEvent, type Row } from '../model/fold.ts';
import { instantOrNull } from '../model/instant.ts';

/**
 * What tests alone can ask for, because they keep to a convention: a file a rule, a query for what breaks it, one
 * `violation` a row.
 */
const RULES = new URL('./log-rules/', import.meta.url);

/**
 * What is wrong with the log and with the tables that follow from it, in words, each beginning with the name of the rule
 * that is broken: what `pulp.verify` finds, and what an independent fold tells otherwise. Empty if all is well. To be asked
 * when nothing happens in the database any more; the client must not be in a transaction, and must be a superuser's.
 */
export async function checkLog(client: Client): Promise<readonly string[]> {
  const violations: string[] = [];
  await client.query('begin isolation level repeatable read, read only');
  try {
    violations.push(...(await verified(client, 'pulp.verify()')));
    for (const file of (await readdir(RULES)).sort()) {
      const { rows } = await client.query<{ violation: string }>(
        await readFile(new URL(file, RULES), 'utf8'),
      );
      violations.push(...rows.map(({ violation }) => `${basename(file, '.sql')}: ${violation}`));
    }
    violations.push(...(await misshapenEvents(client)).map((problem) => `shape_of_type: ${problem}`));
    violations.push(...(await differencesFromFold(client)).map((difference) => `as_folded: ${difference}`));
  } finally {
    await client.query('rollback');
  }
  return [...violations, ...(await verified(client, 'pulp.verify_locks()'))];
}

async function verified(client: Client, call: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ violation: string }>(
    `select concat_ws(' ', v.rule || ':', v.stream_kind, v.stream_id || ':', v.problem, v.expected, v.actual) as violation
     from ${call} v`,
  );
  return rows.map(({ violation }) => violation);
}

/** Why events cannot be parsed. */
async function misshapenEvents(client: Client): Promise<readonly string[]> {
  const log = await rowsOf<UnparsedEvent>(client, 'pulp.event', 'order by position');
  return log.flatMap((event) => {
    try {
      parseEvent(event);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}

/** What the projections say otherwise than the independent fold. */
async function differencesFromFold(client: Client): Promise<readonly string[]> {
  const log = await rowsOf<LoggedEvent>(client, 'pulp.event', 'order by position');
  let world;
  try {
    world = foldLog(log);
  } catch (error) {
    return [(error as Error).message];
  }
  const tasks = await rowsOf(client, 'pulp.task');
  const workers = await rowsOf(client, 'pulp.worker');
  const claims = await rowsOf(client, 'pulp.reservation');
  const leaders = await rowsOf(client, 'pulp.leader');
  return [
    ...differences('task', world.tasks, new Map(tasks.map((row) => [String(row['id']), row]))),
    ...differences('worker', world.workers, new Map(workers.map((row) => [String(row['name']), row]))),
    ...differences('leader', world.leaders, new Map(leaders.map((row) => [String(row['role']), row]))),
    ...differences('claim', world.claims, new Map(claims.map((row) => [claimKey(row), row]))),
  ];
}

async function rowsOf<T = Row>(client: Client, table: string, order = ''): Promise<T[]> {
  const { rows } = await client.query<{ row: T }>(`select to_jsonb(x) as row from ${table} x ${order}`);
  return rows.map(({ row }) => row);
}

function differences(
  kind: string,
  told: ReadonlyMap<string, Row>,
  stored: ReadonlyMap<string, Row>,
): string[] {
  return [...new Set([...told.keys(), ...stored.keys()])].flatMap((key) => {
    const expected = told.get(key);
    const actual = stored.get(key);
    if (expected === undefined) return [`${kind} ${key} is there, but the log does not tell of it`];
    if (actual === undefined) return [`${kind} ${key} is not there, but the log tells of it`];
    return [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
      .map((column) => ({ column, told: expected[column], stored: comparable(column, actual[column]) }))
      .filter((value) => !isDeepStrictEqual(value.told, value.stored))
      .map(
        ({ column, told, stored }) =>
          `${kind} ${key}: ${column} is ${JSON.stringify(stored)}, the log says ${JSON.stringify(told)}`,
      );
  });
}

function comparable(column: string, value: unknown): unknown {
  return /_at$|_since$|^run_after$|^last_heartbeat$/.test(column) ? instantOrNull(value) : value;
}
