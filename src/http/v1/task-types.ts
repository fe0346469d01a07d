import { z } from 'zod';
import { listTaskTypes, taskTypeRow } from '../../queries/task-type.ts';
import { answer, operation } from '../api/operation.ts';

export const taskTypeOperations = [
  operation({
    id: 'list_task_types',
    method: 'get',
    path: '/api/v1/task-types',
    summary: 'List the task types that workers have published, with the schemas of their arguments.',
    right: 'read',
    query: z.strictObject({}),
    answers: {
      200: {
        description: 'Task types.',
        schema: z.object({ task_types: z.array(taskTypeRow.meta({ id: 'TaskType' })) }),
      },
    },
    run: async () => answer(200, { task_types: await listTaskTypes() }),
  }),
];
