import { sql } from '../postgres/sql.ts';
import { listLimits, type ResourceLimit } from './resource-limit.ts';
import { z } from 'zod';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';

/** What resources can be sorted by: what they cost, who stands in line now, how long they were held. */
export const RESOURCE_ORDERS = ['waiting', 'queue', 'held'] as const;
export type ResourceOrder = (typeof RESOURCE_ORDERS)[number];

const mode = z.enum(['exclusive', 'shared']);
/** Within facts that come as JSON, unlike in columns, times are text. */
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const taskOnResource = z.object({ id: z.string(), name: z.string(), mode });
const holder = taskOnResource.extend({ worker: z.string().nullable(), since: time });
const pastHolder = holder.extend({ until: time.nullable(), seconds: z.number() });

/** A row that `listResources` gives. */
export const contentionRow = z.object({
  resource: z.string(),
  /** How many claims had to wait for it. */
  waits: z.number(),
  /** Seconds that they waited within the window, all together. */
  waiting: z.number(),
  /** Seconds of the longest of these waits, in full. */
  longest_wait: z.number(),
  /** How many held it. */
  holds: z.number(),
  /** Seconds that they held it within the window; those of sharers add up. */
  held: z.number(),
  /** Share of the window during which anybody held it, from 0 to 1. */
  busy: z.number(),
  /** How many stand in line for it now. */
  exclusive_in_line: z.number(),
  shared_in_line: z.number(),
  /** How many hold it now. */
  holders: z.number(),
  /** The first three of them. */
  held_by: z.array(holder),
  /** The three that held it longest within the window, with their seconds in it; `until` is null for one that still does. */
  held_most_by: z.array(pastHolder),
});

/** What a resource cost over a window of time that ends now, and what it is about now. */
export type ResourceContention = z.infer<typeof contentionRow>;

/** Which resources to list. */
export interface ContentionFilter {
  /** How long the window is, in milliseconds. */
  readonly windowMs: number;
  readonly sort: ResourceOrder;
  /** How many at most. */
  readonly limit: number;
}

/** The resources that cost the most over a window of time that ends now. Tasks that were purged are not counted. */
export async function listResources({
  windowMs,
  sort,
  limit,
}: ContentionFilter): Promise<readonly ResourceContention[]> {
  const pool = await getConnection();
  return retrying(() =>
    pool.any(sql.type(contentionRow)`
      select * from pulp.resource_contention(${interval(windowMs)}, ${limit}, ${sort})`),
  );
}

/** How many units it asked for, if it asked for a number. */
const units = z.number().nullable();

/** Of a hold instead of a task: whose it is, what for, and when it ends by itself. */
const hold = z
  .object({ actor: z.string().nullable(), reason: z.string().nullable(), until: time.nullable() })
  .nullable();

const holdColumn = () => sql.fragment`
  case when h.id is not null then jsonb_build_object('actor', h.actor, 'reason', h.reason, 'until', h.until) end as hold`;

const lineRow = z.object({
  /** From 1. */
  place: z.number(),
  id: z.string(),
  name: z.string(),
  mode,
  units,
  hold,
  since: z.date(),
});

const holderRow = z.object({
  id: z.string(),
  name: z.string(),
  mode,
  units,
  hold,
  /** Null if it was not started yet. */
  worker: z.string().nullable(),
  since: z.date(),
});

const pastHolderRow = holderRow.omit({ units: true, hold: true }).extend({
  /** Null if it still holds. */
  until: z.date().nullable(),
  /** How long it held, in full. */
  seconds: z.number(),
  /** How many claims waited for it, and their seconds all together. */
  waits: z.number(),
  waiting: z.number(),
  /** The first three of them. */
  waited_for_by: z.array(taskOnResource.extend({ seconds: z.number() })),
});

/** One that holds a resource. */
export type ResourceHolder = z.infer<typeof holderRow>;
/** One that waits for a resource. */
export type ResourceWaiter = z.infer<typeof lineRow>;
/** One that holds or held a resource, and who waited for it. */
export type PastHolder = z.infer<typeof pastHolderRow>;

/** One resource in detail. */
export interface ResourceDetail {
  readonly resource: string;
  /** Its capacity and rate; undefined if it has neither. */
  readonly limit: ResourceLimit | undefined;
  /** Those who hold it now, and those who wait for it, in order; as many as asked for. */
  readonly holders: readonly ResourceHolder[];
  readonly line: readonly ResourceWaiter[];
  /** How many there are of them. */
  readonly holder_count: number;
  readonly exclusive_in_line: number;
  readonly shared_in_line: number;
  /** What it cost over the window; undefined if nobody had to do with it. */
  readonly contention: ResourceContention | undefined;
  /** Who held it during the window, the latest first; as many as asked for. */
  readonly recent: readonly PastHolder[];
}

/** What is to be told of one resource. */
export interface DetailOptions {
  /** How far the past is told, in milliseconds. */
  readonly windowMs: number;
  /** How many holders and claims in line at most. */
  readonly limit: number;
}

/** Reads one resource, or undefined if no claim on it is known. */
export async function readResource(
  name: string,
  { windowMs, limit }: DetailOptions,
): Promise<ResourceDetail | undefined> {
  const pool = await getConnection();
  const [now, holders, line, recent, [contention], [limits]] = await retrying(() =>
    Promise.all([
      pool.one(sql.type(nowRow)`
        select exists (select from pulp.resource r where r.name = ${name}) as known,
          coalesce(sum(holders), 0)::integer as holders, coalesce(sum(exclusive_in_line), 0)::integer as exclusive_in_line,
          coalesce(sum(shared_in_line), 0)::integer as shared_in_line
        from pulp.resource_now where resource = ${name}`),
      pool.any(sql.type(holderRow)`
        select g.task_id as id, coalesce(t.name, 'hold') as name, g.mode, g.units, g.granted_at as since,
          case when t.state <> 'waiting' then t.worker end as worker, ${holdColumn()}
        from pulp.reservation g left join pulp.task t on t.id = g.task_id left join pulp.hold h on h.id = g.task_id
        where g.resource = ${name} and g.state = 'granted'
        order by g.granted_at, g.task_id limit ${limit}`),
      pool.any(sql.type(lineRow)`
        select row_number() over (order by w.position)::integer as place, w.task_id as id, coalesce(t.name, 'hold') as name,
          w.mode, w.units, w.requested_at as since, ${holdColumn()}
        from (
          select * from pulp.reservation
          where resource = ${name} and state = 'waiting' order by position limit ${limit}
        ) w
        left join pulp.task t on t.id = w.task_id left join pulp.hold h on h.id = w.task_id
        order by w.position`),
      pool.any(sql.type(pastHolderRow)`
        select task_id as id, name, mode, worker, granted_at as since, ended_at as until, seconds, waits, waiting, waited_for_by
        from pulp.resource_holds(${name}, ${interval(windowMs)}, ${limit})`),
      pool.any(sql.type(contentionRow)`
        select * from pulp.resource_contention(${interval(windowMs)}, of_resource => ${name})`),
      listLimits(name),
    ]),
  );
  const isKnown = now.known || contention !== undefined || limits !== undefined;
  if (!isKnown && holders.length + line.length === 0) return undefined;
  return {
    resource: name,
    limit: limits,
    holders,
    line,
    holder_count: now.holders,
    exclusive_in_line: now.exclusive_in_line,
    shared_in_line: now.shared_in_line,
    contention,
    recent,
  };
}

const nowRow = z.object({
  known: z.boolean(),
  holders: z.number(),
  exclusive_in_line: z.number(),
  shared_in_line: z.number(),
});

function interval(ms: number) {
  return sql.fragment`${ms / 1000} * interval '1 s'`;
}
