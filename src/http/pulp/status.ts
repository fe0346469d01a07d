import { z } from 'zod';
import { listWorkers } from '../../queries/worker.ts';
import { answer, operation } from '../api/operation.ts';
import { COMPONENT } from './component.ts';
import { ROOT, timeText } from './names.ts';

const onlineWorker = z.object({
  name: z.string(),
  last_heartbeat: z.iso.datetime(),
  versions: z.record(z.string(), z.string()),
});

const pulpStatus = z
  .object({
    versions: z.array(
      z.object({
        component: z.string(),
        version: z.string(),
        package: z.string(),
        module: z.string(),
        domain_compatible: z.boolean(),
      }),
    ),
    online_workers: z.array(onlineWorker),
    online_api_apps: z.array(onlineWorker),
    online_content_apps: z.array(onlineWorker),
    database_connection: z.object({ connected: z.boolean() }),
    redis_connection: z.object({ connected: z.boolean() }).nullable(),
    storage: z.null(),
    content_settings: z.null(),
    domain_enabled: z.boolean(),
  })
  .meta({ id: 'PulpStatus' });

export const pulpStatusOperations = [
  operation({
    id: 'status_read',
    method: 'get',
    path: `${ROOT}status/`,
    summary: 'Show whether the database can be reached and which workers are online.',
    right: 'anybody',
    query: z.strictObject({}),
    answers: { 200: { description: 'The status.', schema: pulpStatus } },
    run: async () => {
      const workers = await listWorkers().catch(() => undefined);
      const status: z.infer<typeof pulpStatus> = {
        versions: Object.entries(COMPONENT).map(([component, version]) => ({
          component,
          version,
          package: 'pulp-tasking',
          module: 'pulp-tasking',
          domain_compatible: false,
        })),
        online_workers: (workers ?? [])
          .filter(({ state }) => state === 'online')
          .map(({ name, last_heartbeat }) => ({
            name,
            last_heartbeat: timeText(last_heartbeat),
            versions: COMPONENT,
          })),
        online_api_apps: [],
        online_content_apps: [],
        database_connection: { connected: workers !== undefined },
        redis_connection: null,
        storage: null,
        content_settings: null,
        domain_enabled: false,
      };
      return answer(200, status);
    },
  }),
];
