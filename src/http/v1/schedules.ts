import { z } from 'zod';
import { CATCH_UPS, OVERLAPS } from '../../constants.ts';
import {
  listSchedules,
  previewSchedule,
  readSchedule,
  readScheduleHistory,
  scheduleEventRow,
  scheduleRow,
} from '../../queries/schedule.ts';
import {
  createScheduleOfItem,
  deleteSchedule,
  pauseSchedule,
  previewTimes,
  resumeSchedule,
  runSchedule,
} from '../../tasks/scheduling.ts';
import { TaskTypeCheck } from '../../tasks/task-type-check.ts';
import { answer, operation } from '../api/operation.ts';
import { integer, moment } from '../api/parameters.ts';
import { itemToSchedule, MOST_BYTES } from './item.ts';
import { listByName } from './list-by-name.ts';

const ROOT = '/api/v1/schedules';
const parts = { name: 'The name of a schedule.' };
const schedule = scheduleRow.meta({ id: 'Schedule' });
const nothing = z.strictObject({});
const reason = z.strictObject({ reason: z.string().optional() });
const count = integer({ min: 1, max: 1000 }).prefault('10');
const moments = z.object({ occurrences: z.array(z.date()) });
const timeZone = z.string().optional().describe('A name of the IANA database; default: UTC.');

const scheduleToCreate = z
  .strictObject({
    name: z.string(),
    cron: z.string().optional().describe('A line of cron, of five fields.'),
    rrule: z.string().optional().describe('A recurrence rule of RFC 5545.'),
    every: z.union([z.number(), z.string()]).optional().describe('Seconds, or a text such as 10m.'),
    time_zone: timeZone,
    starts_at: moment().optional().describe('Nothing comes before it; default: now.'),
    until: moment().optional().describe('Nothing comes after it.'),
    overlap: z
      .enum(OVERLAPS)
      .optional()
      .describe('While the task of the one before is not over; default: skip.'),
    catch_up: z.enum(CATCH_UPS).optional().describe('What is made up for that was missed; default: one.'),
    task: itemToSchedule,
  })
  .meta({ id: 'ScheduleToCreate' });

export const scheduleOperations = [
  listByName({
    id: 'list_schedules',
    path: ROOT,
    summary: 'List schedules by name.',
    key: 'schedules',
    row: schedule,
    list: listSchedules,
    nameOf: ({ name }) => name,
  }),
  operation({
    id: 'create_schedule',
    method: 'post',
    path: ROOT,
    summary: 'Have a task enqueued again and again, by one of cron, rrule and every.',
    right: 'enqueue',
    query: nothing,
    body: scheduleToCreate,
    mostBytes: MOST_BYTES,
    answers: { 201: { description: 'It is there.', schema: schedule } },
    run: async ({ body }) => {
      const { name, task, cron, rrule, every, until } = body;
      const { unchecked, ...written } = task;
      await createScheduleOfItem(
        name,
        { cron, rrule, every, timeZone: body.time_zone, startsAt: body.starts_at, until },
        written,
        unchecked === true ? undefined : new TaskTypeCheck(),
        { overlap: body.overlap, catchUp: body.catch_up },
      );
      return answer(201, await readSchedule(name), { Location: `${ROOT}/${name}` });
    },
  }),
  operation({
    id: 'preview_rule',
    method: 'get',
    path: `${ROOT}/preview`,
    summary: 'Tell when a rule comes, by one of cron, rrule and every.',
    right: 'read',
    query: z.strictObject({
      cron: z.string().optional(),
      rrule: z.string().optional(),
      every: z.string().optional(),
      time_zone: timeZone,
      starts_at: moment().optional(),
      until: moment().optional(),
      count,
    }),
    answers: { 200: { description: 'When it comes.', schema: moments } },
    run: async ({ query }) => {
      const { time_zone, starts_at, count: many, ...times } = query;
      const found = await previewTimes({ ...times, timeZone: time_zone, startsAt: starts_at }, many);
      return answer(200, { occurrences: found });
    },
  }),
  operation({
    id: 'show_schedule',
    method: 'get',
    path: `${ROOT}/:name`,
    parts,
    summary: 'Show a schedule.',
    right: 'read',
    query: nothing,
    answers: { 200: { description: 'The schedule.', schema: schedule } },
    run: async ({ part }) => answer(200, await readSchedule(part('name'))),
  }),
  operation({
    id: 'delete_schedule',
    method: 'delete',
    path: `${ROOT}/:name`,
    parts,
    summary: 'Delete a schedule; its history and its tasks stay.',
    right: 'cancel',
    query: nothing,
    answers: { 204: { description: 'It is deleted.' } },
    run: async ({ part }) => {
      await deleteSchedule(part('name'));
      return new Response(null, { status: 204 });
    },
  }),
  operation({
    id: 'preview_schedule',
    method: 'get',
    path: `${ROOT}/:name/preview`,
    parts,
    summary: 'Tell when a schedule comes next, as it will be enqueued.',
    right: 'read',
    query: z.strictObject({ count }),
    answers: { 200: { description: 'When it comes.', schema: moments } },
    run: async ({ part, query }) =>
      answer(200, { occurrences: await previewSchedule(part('name'), query.count) }),
  }),
  operation({
    id: 'schedule_history',
    method: 'get',
    path: `${ROOT}/:name/history`,
    parts,
    summary: 'Tell what happened to a schedule, the latest first; to one that is deleted, too.',
    right: 'read',
    query: z.strictObject({
      limit: integer({ min: 1, max: 1000 }).prefault('50'),
      before: integer({ min: 1, max: 2_147_483_647 })
        .optional()
        .describe('What came before the event of this version.'),
    }),
    answers: {
      200: {
        description: 'Its events.',
        schema: z.object({ events: z.array(scheduleEventRow.meta({ id: 'ScheduleEvent' })) }),
      },
    },
    run: async ({ part, query }) => answer(200, { events: await readScheduleHistory(part('name'), query) }),
  }),
  operation({
    id: 'pause_schedule',
    method: 'post',
    path: `${ROOT}/:name/pause`,
    parts,
    summary: 'Keep a schedule from enqueueing until it is resumed.',
    right: 'cancel',
    query: nothing,
    body: reason,
    answers: { 200: { description: 'The schedule after it.', schema: schedule } },
    run: async ({ part, body }) => {
      await pauseSchedule(part('name'), body.reason);
      return answer(200, await readSchedule(part('name')));
    },
  }),
  operation({
    id: 'resume_schedule',
    method: 'post',
    path: `${ROOT}/:name/resume`,
    parts,
    summary: 'Let a schedule go on; what came meanwhile is skipped.',
    right: 'cancel',
    query: nothing,
    body: reason,
    answers: { 200: { description: 'The schedule after it.', schema: schedule } },
    run: async ({ part, body }) => {
      await resumeSchedule(part('name'), body.reason);
      return answer(200, await readSchedule(part('name')));
    },
  }),
  operation({
    id: 'run_schedule',
    method: 'post',
    path: `${ROOT}/:name/run`,
    parts,
    summary: 'Enqueue the task of a schedule now, beside its occurrences.',
    right: 'cancel',
    query: nothing,
    body: nothing,
    answers: { 201: { description: 'The task.', schema: z.object({ id: z.string() }) } },
    run: async ({ part }) => {
      const id = await runSchedule(part('name'));
      return answer(201, { id }, { Location: `/api/v1/tasks/${id}` });
    },
  }),
];
