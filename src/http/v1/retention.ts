import { z } from 'zod';
import { RETENTION_KINDS, TASK_FINAL_STATES } from '../../constants.ts';
import { keptLog, listRetention, retentionRow } from '../../queries/retention.ts';
import { clearRetention, setRetention } from '../../tasks/keeping.ts';
import { answer, operation } from '../api/operation.ts';

const ROOT = '/api/v1/retention';

const retention = z.object({ retention: z.array(retentionRow.meta({ id: 'Retention' })) });
const target = {
  kind: z.enum(RETENTION_KINDS).describe('Tasks of a queue, of a type, all others; or months of the log.'),
  name: z.string().optional().describe('Of the queue or the type; none for all and log.'),
};
const toKeep = z.partialRecord(
  z.enum(TASK_FINAL_STATES),
  z
    .union([z.number(), z.literal('never'), z.null()])
    .describe('Seconds; never; or null: what was said is taken back.'),
);
const answers = { 200: { description: 'What is kept for how long after it.', schema: retention } };

export const retentionOperations = [
  operation({
    id: 'list_retention',
    method: 'get',
    path: ROOT,
    summary: 'Tell for how long tasks and months of the log are kept; what is not named is kept for ever.',
    right: 'read',
    query: z.strictObject({}),
    answers: { 200: { description: 'What is kept for how long.', schema: retention } },
    run: async () => answer(200, { retention: await listRetention() }),
  }),
  operation({
    id: 'set_retention',
    method: 'post',
    path: ROOT,
    summary: 'Have tasks purged, or months of the log archived, when they were kept for so long.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject({ ...target, keep: z.union([toKeep, keptLog]) }),
    answers,
    run: async ({ body: { kind, name, keep } }) => {
      await setRetention(kind, name, keep);
      return answer(200, { retention: await listRetention() });
    },
  }),
  operation({
    id: 'clear_retention',
    method: 'post',
    path: `${ROOT}/clear`,
    summary: 'Take back what was said of for how long something is kept.',
    right: 'operate',
    query: z.strictObject({}),
    body: z.strictObject(target),
    answers,
    run: async ({ body: { kind, name } }) => {
      await clearRetention(kind, name);
      return answer(200, { retention: await listRetention() });
    },
  }),
];
