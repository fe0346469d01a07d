import { RESERVED_WORKER_PREFIX } from '../constants.ts';
import { PulpError } from '../errors.ts';
import { withoutEnvelopes } from '../secrets/arguments.ts';
import { isDeepStrictEqual } from 'node:util';
import { enqueueOptions } from './enqueue-options.ts';

/** A task as `pulp task list --json` shows it, as far as another one like it can be enqueued from that. */
type ShownTask = Readonly<Record<string, unknown>>;

/** Whether an object is a task as it is shown, and not one as it is asked for. */
export function isShownTask(item: unknown): item is ShownTask {
  return typeof item === 'object' && item !== null && 'exclusive_resources' in item && 'enqueued_at' in item;
}

/**
 * Another task like one that is shown, with the keys of `pulp.enqueue_batch`: with an id of its own, at once.
 *
 * @throws PulpError INVALID_INPUT if its arguments are not shown, or secrets are among them: these are bound to their task
 */
export function anotherLike(shown: ShownTask): Readonly<Record<string, unknown>> {
  const { id, name, args, kwargs, exclusive_resources, shared_resources } = shown;
  const refuse = (problem: string, remedy: string) =>
    new PulpError('INVALID_INPUT', `task ${String(id)}: ${problem}`, { remedy, exitCode: 2 });
  if (args === null || kwargs === null)
    throw refuse('its arguments are not shown', 'Ask for it as somebody who may see them.');
  if (!isDeepStrictEqual(withoutEnvelopes({ args, kwargs }), { args, kwargs }))
    throw refuse(
      'its secrets are bound to it',
      'Run it again by `pulp task retry`, or enqueue another one with its secrets.',
    );
  const item: Record<string, unknown> = {
    name,
    args,
    kwargs,
    resources: exclusive_resources,
    shared_resources,
  };
  for (const [, { key, shownIn }] of enqueueOptions) {
    if (shownIn !== undefined) item[key] = valueIn(shown, shownIn);
  }
  if (String(item['queue']).startsWith(RESERVED_WORKER_PREFIX)) delete item['queue']; // it was routed there
  return item;
}

function valueIn(shown: ShownTask, [column, member]: readonly [string, string?]): unknown {
  const value = shown[column];
  return member === undefined
    ? value
    : (value as Readonly<Record<string, unknown>> | null | undefined)?.[member];
}
