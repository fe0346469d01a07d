import type { FragmentSqlToken } from 'slonik';
import { z } from 'zod';
import { isFinal, type TaskState } from '../constants.ts';
import { sql, textArray } from '../postgres/sql.ts';
import { readTaskNames, readWaiting } from './task-lists.ts';
import { asOf } from './time-travel.ts';

/** Up to so many tasks that wait, or names of types that tasks have, are read to search among. */
const MOST_WAITING = 10_000;
const MOST_NAMES = 2000;

/** So many types are searched one by one. */
const FEW_NAMES = 20;

/** The times of a task that it can be looked for by. */
export const TASK_TIMES = ['enqueued_at', 'unblocked_at', 'started_at', 'finished_at'] as const;

/** One of `TASK_TIMES`. */
export type TaskTime = (typeof TASK_TIMES)[number];

/** Compared with one of a task's times; a moment means the whole of its millisecond, for times are shown cut to it. */
export interface TimeCondition {
  readonly time: TaskTime;
  readonly is: 'before' | 'until' | 'since' | 'after';
  readonly moment: Date;
}

/** How resources are claimed by a task that is looked for. */
export type ClaimMode = 'exclusive' | 'shared' | 'either';

/** Which tasks to look for; what is left out does not narrow, and a list narrows to any of its values. */
export interface TaskFilter {
  readonly state?: TaskState | undefined;
  readonly states?: readonly TaskState[] | undefined;
  readonly notState?: TaskState | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly names?: readonly string[] | undefined;
  readonly notName?: string | undefined;
  readonly nameContains?: string | undefined;
  readonly queue?: string | undefined;
  readonly worker?: string | undefined;
  readonly group?: string | undefined;
  /** See `pulp.name_uuid`. */
  readonly groupUuid?: string | undefined;
  readonly parent?: string | undefined;
  readonly correlation?: string | undefined;
  readonly correlationContains?: string | undefined;
  /** Of the error of the last run that failed. */
  readonly errorCode?: string | undefined;
  readonly errorContains?: string | undefined;
  /** Claimed in either mode. */
  readonly resource?: string | undefined;
  /** Each of these is to be met: any of some resources is claimed in a mode. */
  readonly claims?: readonly { readonly mode: ClaimMode; readonly resources: readonly string[] }[];
  /** Said by their code to have been created. */
  readonly created?: string | undefined;
  /** Enqueued at or after this time. */
  readonly since?: Date | undefined;
  readonly times?: readonly TimeCondition[];
}

export type Condition = FragmentSqlToken | undefined;

/** What never changes in a task. */
export function lastingConditions(filter: TaskFilter): Condition[] {
  const {
    ids,
    name,
    names,
    notName,
    nameContains,
    queue,
    group,
    groupUuid,
    parent,
    correlation,
    correlationContains,
  } = filter;
  const { resource, claims = [], since, times = [] } = filter;
  return [
    ids && sql.fragment`id = any (${sql.array([...ids], 'uuid')})`,
    name === undefined ? undefined : sql.fragment`name = ${name}`,
    names && sql.fragment`name = any (${textArray(names)})`,
    notName === undefined ? undefined : sql.fragment`name <> ${notName}`,
    nameContains === undefined ? undefined : sql.fragment`strpos(name, ${nameContains}) > 0`,
    queue === undefined ? undefined : sql.fragment`queue = ${queue}`,
    group === undefined
      ? undefined
      : sql.fragment`group_id is not null and pulp.name_uuid(group_id) = pulp.name_uuid(${group}) and group_id = ${group}`,
    groupUuid === undefined
      ? undefined
      : sql.fragment`group_id is not null and pulp.name_uuid(group_id) = ${groupUuid}`,
    parent === undefined ? undefined : sql.fragment`parent_id = ${parent}`,
    // A task that gives the correlation its own id is not in the index of correlations: it is found by that id.
    correlation === undefined
      ? undefined
      : sql.fragment`(correlation_id = ${correlation} and correlation_id <> id::text
          ${z.guid().safeParse(correlation).success ? sql.fragment`or correlation_id = ${correlation} and id = ${correlation}` : sql.fragment``})`,
    correlationContains === undefined
      ? undefined
      : sql.fragment`strpos(correlation_id, ${correlationContains}) > 0`,
    resource === undefined ? undefined : claimCondition('either', [resource]),
    ...claims.map(({ mode, resources }) => claimCondition(mode, resources)),
    since === undefined ? undefined : sql.fragment`enqueued_at >= ${since.toISOString()}::timestamptz`,
    ...times.filter(({ time }) => time === 'enqueued_at').map(timeCondition),
  ];
}

/** What changes in a task. */
export function changingConditions(filter: TaskFilter): Condition[] {
  const { state, states, notState, worker, errorCode, errorContains, created, times = [] } = filter;
  return [
    state === undefined ? undefined : sql.fragment`state = ${state}`,
    states && sql.fragment`state = any (${textArray(states)})`,
    notState === undefined ? undefined : sql.fragment`state <> ${notState}`,
    worker === undefined ? undefined : sql.fragment`worker = ${worker}`,
    errorCode === undefined ? undefined : sql.fragment`error ->> 'code' = ${errorCode}`,
    errorContains === undefined ? undefined : sql.fragment`strpos(error ->> 'message', ${errorContains}) > 0`,
    created === undefined
      ? undefined
      : sql.fragment`reported ? 'created' and reported -> 'created' @> to_jsonb(pulp.resource_name(${created}))`,
    ...times.filter(({ time }) => time !== 'enqueued_at').map(timeCondition),
  ];
}

/** What changes in a task, as it is now: what is not over, and what went wrong, is found without looking at all tasks, if there is little of it. */
export async function presentConditions(filter: TaskFilter): Promise<Condition[]> {
  const failed = filter.errorCode !== undefined || filter.errorContains !== undefined;
  return [
    await unfinishedCondition(filter),
    failed || asksOnly(filter, ['failed', 'canceled', 'skipped']) ? sql.fragment`went_wrong` : undefined,
    ...changingConditions(filter),
  ];
}

async function unfinishedCondition(filter: TaskFilter): Promise<Condition> {
  if (!asksOnly(filter, ['waiting', 'running', 'canceling'])) return undefined;
  if (asksOnly(filter, ['running', 'canceling']))
    return sql.fragment`id = any (array(select pulp.running_ids()))`;
  const waiting = await readWaiting(MOST_WAITING);
  return (
    waiting && sql.fragment`id = any (${sql.array(waiting, 'uuid')} || array(select pulp.running_ids()))`
  );
}

/** All that tasks have to pass, as they are now, wherever it is asked of one set of them. */
export async function conditionsOf(filter: TaskFilter): Promise<Condition[]> {
  const names = await fewNames(filter);
  return [
    ...lastingConditions(filter),
    ...(await presentConditions(filter)),
    names && sql.fragment`name = any (${textArray(names)})`,
  ];
}

/** The names that tasks may have to pass, where several are asked for, or a part of them, and they are few. */
export async function fewNames({
  name,
  names,
  nameContains,
}: TaskFilter): Promise<readonly string[] | undefined> {
  if (name !== undefined || (names ?? nameContains) === undefined) return undefined;
  const known = names ?? (await readTaskNames(nameContains ?? '', MOST_NAMES));
  return known !== undefined && known.length <= FEW_NAMES ? known : undefined;
}

function asksOnly({ state, states }: TaskFilter, among: readonly TaskState[]): boolean {
  const asked = states ?? (state === undefined ? [] : [state]);
  return asked.length > 0 && asked.every((one) => among.includes(one));
}

/**
 * What the present says of the past, so that few tasks have to be folded: one that was over then is now as it was, unless it was run
 * again since.
 */
export function possibleAt(at: Date, { state, states, worker }: TaskFilter): Condition[] {
  const wasOver = sql.fragment`coalesce(finished_at <= ${asOf(at)}, false)`;
  const asked = states ?? (state === undefined ? undefined : [state]);
  const hadStarted = worker !== undefined || asked?.every((one) => one === 'running' || one === 'canceling');
  return [
    sql.fragment`enqueued_at <= ${asOf(at)}`,
    hadStarted === true ? sql.fragment`attempt > 0` : undefined,
    asked?.every(isFinal) === true
      ? sql.fragment`(${wasOver} and state = any (${textArray(asked)}) or id in (select pulp.requeued_since(${asOf(at)})))`
      : asked?.some(isFinal) === false
        ? sql.fragment`not ${wasOver}`
        : undefined,
    worker === undefined ? undefined : sql.fragment`(worker = ${worker} or not ${wasOver})`,
  ];
}

/** All of these, as the end of a query. */
export function where(conditions: readonly Condition[]): FragmentSqlToken {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? sql.fragment`` : sql.fragment`where ${sql.join(given, sql.fragment` and `)}`;
}

function claimCondition(mode: ClaimMode, resources: readonly string[]): Condition {
  // Each by itself, so that the planner knows what is looked for.
  const names = resources.flatMap((name) => [
    sql.fragment`${name}::text`,
    sql.fragment`pulp.resource_name(${name})`,
  ]);
  const wanted = sql.fragment`array[${sql.join(names, sql.fragment`, `)}]::text[]`;
  const either = sql.fragment`exclusive_resources || shared_resources`;
  const claimed = mode === 'either' ? either : sql.identifier([`${mode}_resources`]);
  return sql.fragment`${either} <> '{}' and ${either} && ${wanted} and ${claimed} && ${wanted}`;
}

function timeCondition({ time, is, moment }: TimeCondition): Condition {
  const column = sql.identifier([time]);
  const begin = sql.fragment`${moment.toISOString()}::timestamptz`;
  switch (is) {
    case 'before':
      return sql.fragment`${column} < ${begin}`;
    case 'until':
      return sql.fragment`${column} <= ${asOf(moment)}`;
    case 'since':
      return sql.fragment`${column} >= ${begin}`;
    case 'after':
      return sql.fragment`${column} > ${asOf(moment)}`;
  }
}
