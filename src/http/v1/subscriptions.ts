import { z } from 'zod';
import { SUBSCRIPTION_KINDS } from '../../constants.ts';
import { listSubscriptions, readSubscription, subscriptionRow } from '../../queries/subscription.ts';
import {
  createSubscription,
  deleteSubscription,
  pauseSubscription,
  replaySubscription,
  resumeSubscription,
} from '../../subscriptions/subscribing.ts';
import { answer, operation } from '../api/operation.ts';
import { listByName } from './list-by-name.ts';

const ROOT = '/api/v1/subscriptions';
const parts = { name: 'The name of a subscription.' };
const subscription = subscriptionRow.meta({ id: 'Subscription' });
const nothing = z.strictObject({});
const reason = z.string().optional();
const from = z.string().describe('After this cursor, since this time, or one of beginning and now.');
const after = { 200: { description: 'The subscription after it.', schema: subscription } };

const subscriptionToCreate = z
  .strictObject({
    name: z.string(),
    kinds: z.array(z.enum(SUBSCRIPTION_KINDS)).optional(),
    types: z.array(z.string()).optional().describe('Of these types of events; default: of all.'),
    names: z.array(z.string()).optional().describe('Of tasks of these task types.'),
    stream: z.string().optional().describe("Of the stream of this id: a task's id, a worker's name."),
    from: from.optional().describe('Where it begins; default: now.'),
    url: z.string().optional().describe('Where they are sent to; default: they are fetched by pulp.consume.'),
    secret: z.string().optional().describe('What messages are signed with; default: one is made.'),
    give_up_seconds: z.number().optional().describe('For how long sending may fail; default: a day.'),
  })
  .meta({ id: 'SubscriptionToCreate' });

export const subscriptionOperations = [
  listByName({
    id: 'list_subscriptions',
    path: ROOT,
    summary: 'List subscriptions by name, with how far they are behind.',
    key: 'subscriptions',
    row: subscription,
    list: listSubscriptions,
    nameOf: ({ name }) => name,
  }),
  operation({
    id: 'create_subscription',
    method: 'post',
    path: ROOT,
    summary: 'Have every event of some kind given to consumers, or sent to a URL.',
    right: 'operate',
    query: nothing,
    body: subscriptionToCreate,
    answers: {
      201: {
        description: 'It is there. The secret of its messages is told this once.',
        schema: subscriptionRow
          .extend({ secret: z.string().optional() })
          .meta({ id: 'SubscriptionWithSecret' }),
      },
    },
    run: async ({ body: { name, give_up_seconds: giveUp, ...options } }) => {
      const secret = await createSubscription(name, { ...options, giveUp });
      const made = await readSubscription(name);
      return answer(201, { ...made, secret }, { Location: `${ROOT}/${name}` });
    },
  }),
  operation({
    id: 'show_subscription',
    method: 'get',
    path: `${ROOT}/:name`,
    parts,
    summary: 'Show a subscription: how far it has come, and what keeps it.',
    right: 'read',
    query: nothing,
    answers: { 200: { description: 'The subscription.', schema: subscription } },
    run: async ({ part }) => answer(200, await readSubscription(part('name'))),
  }),
  operation({
    id: 'delete_subscription',
    method: 'delete',
    path: `${ROOT}/:name`,
    parts,
    summary: 'Delete a subscription; what happened to it stays in the log.',
    right: 'operate',
    query: nothing,
    answers: { 204: { description: 'It is deleted.' } },
    run: async ({ part }) => {
      await deleteSubscription(part('name'));
      return new Response(null, { status: 204 });
    },
  }),
  operation({
    id: 'pause_subscription',
    method: 'post',
    path: `${ROOT}/:name/pause`,
    parts,
    summary: 'Keep a subscription where it is until it is resumed.',
    right: 'operate',
    query: nothing,
    body: z.strictObject({ reason }),
    answers: after,
    run: async ({ part, body }) => {
      await pauseSubscription(part('name'), body.reason);
      return answer(200, await readSubscription(part('name')));
    },
  }),
  operation({
    id: 'resume_subscription',
    method: 'post',
    path: `${ROOT}/:name/resume`,
    parts,
    summary: 'Let a subscription go on that is paused or was stopped.',
    right: 'operate',
    query: nothing,
    body: z.strictObject({ reason }),
    answers: after,
    run: async ({ part, body }) => {
      await resumeSubscription(part('name'), body.reason);
      return answer(200, await readSubscription(part('name')));
    },
  }),
  operation({
    id: 'replay_subscription',
    method: 'post',
    path: `${ROOT}/:name/replay`,
    parts,
    summary: 'Set a subscription to another place in the log.',
    right: 'operate',
    query: nothing,
    body: z.strictObject({ from, reason }),
    answers: after,
    run: async ({ part, body }) => {
      await replaySubscription(part('name'), body.from, body.reason);
      return answer(200, await readSubscription(part('name')));
    },
  }),
];
