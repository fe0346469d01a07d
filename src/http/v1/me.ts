import { z } from 'zod';
import { workerTtl } from '../../worker-ttl.ts';
import { identityFor, RIGHTS, USER_ROLES } from '../access/rights.ts';
import { answer, operation } from '../api/operation.ts';

export const meOperations = [
  operation({
    id: 'show_me',
    method: 'get',
    path: '/api/v1/me',
    summary: 'Tell who you are, and what you may.',
    right: 'read',
    query: z.strictObject({}),
    answers: {
      200: {
        description: 'The user who asks.',
        schema: z.object({
          actor: z.string(),
          role: z.enum(USER_ROLES),
          rights: z.array(z.enum(RIGHTS)),
          worker_ttl: z
            .number()
            .describe('After how many seconds without a sign of life a worker is silent.'),
        }),
      },
    },
    run: ({ caller }) => {
      if (caller === undefined) throw new Error('who asks to read is known');
      const rights = RIGHTS.filter((right) => identityFor(caller, right) !== undefined);
      return Promise.resolve(
        answer(200, { actor: caller.actor, role: caller.role, rights, worker_ttl: workerTtl() }),
      );
    },
  }),
];
