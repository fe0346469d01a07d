import type { QuerySqlToken } from 'slonik';
import { z } from 'zod';
import type { SUBSCRIPTION_KINDS } from '../constants.ts';
import { parseDuration } from '../duration.ts';
import { PulpError } from '../errors.ts';
import { EVENT_TYPES } from '../events/event-types.ts';
import { askingOnce } from '../postgres/asking-once.ts';
import { sql } from '../postgres/sql.ts';
import { secretRealm } from '../secrets/secret-realm.ts';
import { checkMembersApart, writePayload } from '../tasks/payload.ts';
import { keyOf, newWebhookSecret, sealWebhookSecret } from './webhook-secret.ts';

/** Which events a subscription gets; what is left out does not narrow. */
export interface SubscriptionFilter {
  readonly kinds?: readonly (typeof SUBSCRIPTION_KINDS)[number][] | undefined;
  readonly types?: readonly string[] | undefined;
  /** Of tasks of these task types. */
  readonly names?: readonly string[] | undefined;
  /** Of the stream of this id: a task's id, a worker's name. */
  readonly stream?: string | undefined;
}

/** A place in the log: a time, the cursor of an event, everything that is there, or what comes from now on. */
export type LogPlace = Date | string;

/** What a subscription is made with. */
export interface SubscriptionOptions extends SubscriptionFilter {
  /** Where it begins; default `now`. */
  readonly from?: LogPlace | undefined;
  /** Where its events are sent to, as signed messages; default: they are fetched, see `consume`. */
  readonly url?: string | undefined;
  /** What messages are signed with; default: one is made. */
  readonly secret?: string | undefined;
  /** For how long sending may fail before it stops: seconds, or a text such as `2d`. Default a day. */
  readonly giveUp?: number | string | undefined;
}

/**
 * Makes a subscription.
 *
 * @returns the secret that messages to its URL are signed with: it cannot be seen again; undefined where it has none
 * @throws PulpError INVALID_INPUT, SUBSCRIPTION_EXISTS, NOT_ALLOWED, LOG_ARCHIVED; nothing is written then
 */
export async function createSubscription(
  name: string,
  { from, url, secret: given, giveUp, ...filter }: SubscriptionOptions = {},
): Promise<string | undefined> {
  if (url === undefined && given !== undefined) {
    throw new PulpError('INVALID_INPUT', 'secret: is for those that are sent to a URL', {
      remedy: 'Leave it out, or give a URL; nothing was written.',
      exitCode: 2,
    });
  }
  if (url !== undefined && !URL.canParse(url)) {
    throw new PulpError('INVALID_INPUT', `url: ${JSON.stringify(url)} is none`, {
      remedy: 'Give one such as https://example.org/hook; nothing was written.',
      exitCode: 2,
    });
  }
  const secret = url === undefined ? undefined : (given ?? newWebhookSecret());
  if (secret !== undefined) keyOf(secret);
  const definition = writePayload(
    withoutUndefined({
      ...filter,
      name,
      url,
      kinds: filter.kinds ?? kindsOf(filter.types ?? []),
      from: from === undefined ? undefined : placeText(from),
      give_up_seconds: giveUp === undefined ? undefined : parseDuration(String(giveUp), 'giveUp') / 1000,
    }),
    'subscription',
  );
  const stored = secret === undefined ? undefined : sealWebhookSecret(secret, name, await secretRealm());
  await write(sql.unsafe`
    select pulp.create_subscription(${definition}::jsonb, ${stored === undefined ? null : JSON.stringify(stored)}::jsonb)`);
  return secret;
}

/** Keeps a subscription where it is until it is resumed. @throws PulpError MISSING_SUBSCRIPTION */
export async function pauseSubscription(name: string, reason?: string): Promise<void> {
  checkMembersApart({ name, reason });
  await write(sql.unsafe`select pulp.pause_subscription(${name}, ${reason ?? null})`);
}

/** Lets a subscription go on that is paused or was stopped. @throws PulpError MISSING_SUBSCRIPTION or SUBSCRIPTION_STATE */
export async function resumeSubscription(name: string, reason?: string): Promise<void> {
  checkMembersApart({ name, reason });
  await write(sql.unsafe`select pulp.resume_subscription(${name}, ${reason ?? null})`);
}

/**
 * Sets a subscription to another place in the log: it gets what comes after it, again or never.
 *
 * @throws PulpError MISSING_SUBSCRIPTION; INVALID_INPUT, LOG_ARCHIVED or LOG_REWOUND because of the place
 */
export async function replaySubscription(name: string, from: LogPlace, reason?: string): Promise<void> {
  const place = placeText(from);
  checkMembersApart({ name, from: place, reason });
  await write(sql.unsafe`select pulp.replay_subscription(${name}, ${place}, ${reason ?? null})`);
}

/** Deletes a subscription; its history stays in the log. @throws PulpError MISSING_SUBSCRIPTION */
export async function deleteSubscription(name: string, reason?: string): Promise<void> {
  checkMembersApart({ name, reason });
  await write(sql.unsafe`select pulp.delete_subscription(${name}, ${reason ?? null})`);
}

async function write(statement: QuerySqlToken): Promise<void> {
  await askingOnce((pool) => pool.query(statement));
}

/** The kinds of streams that events of some types are in. @throws PulpError INVALID_INPUT if there is no such event */
function kindsOf(types: readonly string[]): readonly string[] | undefined {
  if (types.length === 0) return undefined;
  const kinds = types.map((type) => {
    const known = z.enum(Object.keys(EVENT_TYPES) as (keyof typeof EVENT_TYPES)[]).safeParse(type);
    if (known.success) return EVENT_TYPES[known.data].kind;
    throw new PulpError('INVALID_INPUT', `types: there is no event ${JSON.stringify(type)}`, {
      remedy: `There are ${Object.keys(EVENT_TYPES).join(', ')}.`,
      exitCode: 2,
    });
  });
  return [...new Set<string>(kinds)];
}

function placeText(place: LogPlace): string {
  return typeof place === 'string' ? place : place.toISOString();
}

function withoutUndefined(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
