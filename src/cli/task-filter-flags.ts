import * as Flags from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import { TASK_STATES, TASK_TIME_FILTERS } from '../constants.ts';
import type { TaskFilter, TimeCondition } from '../queries/task-filter.ts';
import { PulpError } from '../errors.ts';
import { isUuid } from '../new-task-id.ts';
import { parseMoment } from './moment.ts';

const time = (what: string) =>
  Flags.string({ helpValue: 'TIME', summary: `${what} a time in ISO 8601, or 1h ago.`, helpGroup: 'FILTER' });

/** Which tasks a command is about. */
export const taskFilterFlags = {
  state: Flags.option({
    options: TASK_STATES,
    helpValue: 'STATE',
    multiple: true,
    multipleNonGreedy: true,
    summary: `In one of these states: ${TASK_STATES.join(', ')}.`,
    helpGroup: 'FILTER',
  })(),
  name: Flags.string({ helpValue: 'NAME', summary: 'Of this task type.', helpGroup: 'FILTER' }),
  'name-contains': Flags.string({
    helpValue: 'TEXT',
    summary: 'Of types whose names have this in them.',
    helpGroup: 'FILTER',
  }),
  queue: Flags.string({ helpValue: 'NAME', summary: 'Of this queue.', helpGroup: 'FILTER' }),
  worker: Flags.string({
    helpValue: 'NAME',
    summary: 'That this worker runs or ran last.',
    helpGroup: 'FILTER',
  }),
  resource: Flags.string({
    helpValue: 'URL',
    summary: 'That claim this resource, alone or shared.',
    helpGroup: 'FILTER',
  }),
  created: Flags.string({
    helpValue: 'URL',
    summary: 'That have created this, by what their code says.',
    helpGroup: 'FILTER',
  }),
  group: Flags.string({ helpValue: 'ID', summary: 'Of this group.', helpGroup: 'FILTER' }),
  'correlation-id': Flags.string({
    helpValue: 'ID',
    summary: 'That belong to this request.',
    helpGroup: 'FILTER',
  }),
  parent: Flags.string({ helpValue: 'ID', summary: 'That this task enqueued.', helpGroup: 'FILTER' }),
  'error-code': Flags.string({
    helpValue: 'CODE',
    summary: 'Whose error has this code.',
    helpGroup: 'FILTER',
  }),
  'error-contains': Flags.string({
    helpValue: 'TEXT',
    summary: 'Whose error message has this in it.',
    helpGroup: 'FILTER',
  }),
  'enqueued-after': time('Enqueued at or after'),
  'enqueued-before': time('Enqueued before'),
  'unblocked-after': time('Had all they claim at or after'),
  'unblocked-before': time('Had all they claim before'),
  'started-after': time('Started last at or after'),
  'started-before': time('Started last before'),
  'finished-after': time('Ended at or after'),
  'finished-before': time('Ended before'),
};

type FilterFlags = InferredFlags<typeof taskFilterFlags>;

/** The filter that the flags give. @throws PulpError INVALID_INPUT if a time cannot be read */
export function taskFilter(flags: FilterFlags): TaskFilter {
  const times = TASK_TIME_FILTERS.flatMap(({ flag, time, is }): TimeCondition[] => {
    const given = flags[flag];
    return given === undefined ? [] : [{ time, is, moment: parseMoment(given, `--${flag}`) }];
  });
  const { parent } = flags;
  if (parent !== undefined && !isUuid(parent)) {
    throw new PulpError('INVALID_INPUT', `--parent: ${JSON.stringify(parent)} is no id of a task`, {
      remedy: 'Give a UUID.',
      exitCode: 2,
    });
  }
  const [state, ...others] = flags.state ?? [];
  return {
    ...(others.length > 0 ? { states: flags.state } : { state }),
    name: flags.name,
    nameContains: flags['name-contains'],
    queue: flags.queue,
    worker: flags.worker,
    resource: flags.resource,
    created: flags.created,
    group: flags.group,
    correlation: flags['correlation-id'],
    parent,
    errorCode: flags['error-code'],
    errorContains: flags['error-contains'],
    times,
  };
}

/** Whether any of the flags was given. */
export function hasTaskFilter(flags: FilterFlags): boolean {
  return Object.keys(taskFilterFlags).some((name) => flags[name as keyof FilterFlags] !== undefined);
}
