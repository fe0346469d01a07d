import { z } from 'zod';
import { TASK_STATES } from '../../constants.ts';
import { listTasks } from '../../queries/task.ts';
import {
  groupProgressRow,
  listGroupsByUuid,
  readGroupByUuid,
  readGroupProgress,
  type GroupWithUuid,
} from '../../queries/task-group.ts';
import { answer, operation } from '../api/operation.ts';
import { invalid, missing } from '../http-error.ts';
import { hrefOf, isUuid, prnOf, ROOT, uuidsOfPrns } from './names.ts';
import { fieldParameters, page, pageOf, pageParameters, wanted } from './page.ts';
import { pulpTaskInGroup, toPulpTask } from './task.ts';

/** How many of its tasks a group tells of. */
const MOST_TASKS = 1000;

const groupProgress = groupProgressRow.omit({ tasks: true, state: true }).meta({ id: 'PulpGroupProgress' });

const pulpTaskGroup = z
  .object({
    pulp_href: z.string(),
    prn: z.string(),
    description: z.string().describe('What it is, in words; else what its tasks were enqueued with.'),
    all_tasks_dispatched: z.boolean().describe('Whether somebody said that no more tasks will come.'),
    ...(Object.fromEntries(TASK_STATES.map((state) => [state, z.int()])) as Record<
      (typeof TASK_STATES)[number],
      z.ZodInt
    >),
    group_progress_reports: z.array(groupProgress),
    tasks: z.array(pulpTaskInGroup).describe(`The latest, ${MOST_TASKS} at most.`),
  })
  .meta({ id: 'PulpTaskGroup' });

export const pulpTaskGroupOperations = [
  operation({
    id: 'task_groups_list',
    method: 'get',
    path: `${ROOT}task-groups/`,
    summary: 'List the groups that tasks were enqueued with.',
    right: 'read',
    query: z.strictObject(pageParameters),
    answers: { 200: { description: 'A page of groups.', schema: pageOf(pulpTaskGroup) } },
    run: async ({ query, context }) => {
      if (query.ordering !== undefined)
        throw invalid('ordering: groups come in the order of their ids alone');
      const asked = uuidsOfPrns('task-groups', query.prn__in);
      const found =
        asked === undefined
          ? await listGroupsByUuid(query.offset, query.limit)
          : await groupsOf(asked, query);
      const results = await Promise.all(found.groups.map(toPulpTaskGroup));
      return answer(200, page(context.req.url, query, { count: found.count, results }));
    },
  }),
  operation({
    id: 'task_groups_read',
    method: 'get',
    path: `${ROOT}task-groups/:id/`,
    template: '{task_group_href}',
    parts: { task_group_href: 'The address of a group.' },
    summary: 'Show a group of tasks.',
    right: 'read',
    query: z.strictObject(fieldParameters),
    answers: { 200: { description: 'The group.', schema: pulpTaskGroup } },
    run: async ({ part, query }) => {
      const id = part('id');
      const group = isUuid(id) ? await readGroupByUuid(id) : undefined;
      if (group === undefined) {
        throw missing(
          `there is no group ${id.slice(0, 100)}`,
          'A group that was not created is there as long as any of its tasks is.',
        );
      }
      return answer(200, wanted(await toPulpTaskGroup(group), query));
    },
  }),
];

async function groupsOf(uuids: readonly string[], { offset, limit }: { offset: number; limit: number }) {
  const known = (await Promise.all(uuids.map(readGroupByUuid))).filter((group) => group !== undefined);
  return { count: known.length, groups: known.slice(offset, offset + limit) };
}

async function toPulpTaskGroup(group: GroupWithUuid): Promise<z.infer<typeof pulpTaskGroup>> {
  const { uuid } = group;
  const [tasks, progress] = await Promise.all([
    listTasks({ groupUuid: uuid, limit: MOST_TASKS, brief: true }),
    readGroupProgress(group.id),
  ]);
  const counts = Object.fromEntries(TASK_STATES.map((state) => [state, group[state]])) as Record<
    (typeof TASK_STATES)[number],
    number
  >;
  return {
    pulp_href: hrefOf('task-groups', uuid),
    prn: prnOf('task-groups', uuid),
    description: group.description ?? group.id,
    all_tasks_dispatched: group.dispatched,
    ...counts,
    group_progress_reports: progress.map(({ tasks: _, state: _state, ...summed }) => summed),
    tasks: tasks.map((task) => {
      const {
        pulp_href,
        prn,
        name: type,
        state,
        unblocked_at,
        started_at,
        finished_at,
        worker,
      } = toPulpTask(task, []);
      return { pulp_href, prn, name: type, state, unblocked_at, started_at, finished_at, worker };
    }),
  };
}
