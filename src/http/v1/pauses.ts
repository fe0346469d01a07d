import { z } from 'zod';
import { PAUSE_KINDS } from '../../constants.ts';
import { listPauses, pauseRow } from '../../queries/pause.ts';
import { pause, resume } from '../../tasks/pausing.ts';
import { answer, operation } from '../api/operation.ts';

const ROOT = '/api/v1/pauses';

/** A century. */
const LONGEST_SECONDS = 36_525 * 86_400;

const pauses = z.object({ pauses: z.array(pauseRow.meta({ id: 'Pause' })) });
const target = {
  kind: z.enum(PAUSE_KINDS),
  name: z.string().optional().describe('Of the queue, the type or the resource; none for all.'),
  reason: z.string().optional(),
};

export const pauseOperations = [
  operation({
    id: 'list_pauses',
    method: 'get',
    path: ROOT,
    summary: 'List what is paused, the oldest first.',
    right: 'read',
    query: z.strictObject({}),
    answers: { 200: { description: 'What is paused.', schema: pauses } },
    run: async () => answer(200, { pauses: await listPauses() }),
  }),
  operation({
    id: 'pause',
    method: 'post',
    path: ROOT,
    summary: 'Pause a queue, a task type, a resource or everything: nothing of it begins, what runs goes on.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject({
      ...target,
      seconds: z.number().positive().max(LONGEST_SECONDS).optional().describe('Then it goes on by itself.'),
    }),
    answers: { 200: { description: 'What is paused after it.', schema: pauses } },
    run: async ({ body: { kind, name, ...options } }) => {
      await pause(kind, name, options);
      return answer(200, { pauses: await listPauses() });
    },
  }),
  operation({
    id: 'resume',
    method: 'post',
    path: `${ROOT}/resume`,
    summary: 'Let go on what is paused.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject(target),
    answers: { 200: { description: 'What is paused after it.', schema: pauses } },
    run: async ({ body: { kind, name, reason } }) => {
      await resume(kind, name, { reason });
      return answer(200, { pauses: await listPauses() });
    },
  }),
];
