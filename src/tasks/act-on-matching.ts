import { APT_STATES, type TaskState } from '../constants.ts';
import { countTasks, listTasks, type Task } from '../queries/task.ts';
import type { TaskFilter } from '../queries/task-filter.ts';
import { actOn, type Act } from './acting.ts';

/** What can be done to all that match. */
export type MatchingVerb = 'cancel' | 'retry';

/** To how many tasks one call does something; there may be more of them, see `more`. */
export const MOST_ACTED_ON = 1000;

/** Up to how many are counted beforehand. */
const MOST_COUNTED = 10_000;

/** How many of them are shown beforehand. */
const SAMPLE = 10;

/** How many are dealt with in one transaction: so short a time it holds locks. */
const AT_ONCE = 100;

/** To which tasks a call would do something. */
export interface MatchingPreview {
  /** How many these are; not more than 10,000 are counted. */
  readonly matched: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  /** The newest of them. */
  readonly sample: readonly Task[];
}

/** To which tasks a call has done something. */
export interface ActedOnMatching {
  /** How many it came upon. */
  readonly matched: number;
  /** How many of them are in which state after it. */
  readonly states: Partial<Record<TaskState, number>>;
  /** Whether there are more: call again with the same filter. */
  readonly more: boolean;
}

/** Tells to which tasks `actOnMatching` would do something; changes nothing. */
export async function previewMatching(filter: TaskFilter, verb: MatchingVerb): Promise<MatchingPreview> {
  const apt = aptOf(filter, verb);
  const [count, sample] = await Promise.all([
    countTasks(apt, MOST_COUNTED + 1),
    listTasks({ ...apt, limit: SAMPLE, withoutPayloads: true }),
  ]);
  return { matched: Math.min(count, MOST_COUNTED), more: count > MOST_COUNTED, sample };
}

/**
 * Does the same to the tasks that a filter finds, as `actOn` does. The newest first: so nobody who waits behind one of them, and is to be
 * canceled too, starts meanwhile. What was done stays so, whatever happens to the rest; calling again goes on.
 *
 * @param atMost to how many, up to `MOST_ACTED_ON`
 * @throws as `actOn`
 */
export async function actOnMatching(
  filter: TaskFilter,
  act: Act & { readonly verb: MatchingVerb },
  atMost: number,
): Promise<ActedOnMatching> {
  const found = await listTasks({ ...aptOf(filter, act.verb), limit: atMost + 1, withoutPayloads: true });
  const ids = found.slice(0, atMost).map(({ id }) => id);
  const states: Partial<Record<TaskState, number>> = {};
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    for (const { state } of await actOn(ids.slice(first, first + AT_ONCE), act)) {
      states[state] = (states[state] ?? 0) + 1;
    }
  }
  return { matched: ids.length, states, more: found.length > atMost };
}

function aptOf(filter: TaskFilter, verb: MatchingVerb): TaskFilter {
  const asked = filter.states ?? (filter.state === undefined ? APT_STATES[verb] : [filter.state]);
  const apt: readonly TaskState[] = APT_STATES[verb];
  return { ...filter, state: undefined, states: apt.filter((state) => asked.includes(state)) };
}
