import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalid } from '../http-error.ts';

/** Where the API of Pulp begins. */
export const ROOT = '/pulp/api/v3/';

/** Of what things there are addresses, and what they are called in the names that Pulp gives to its resources. */
const KINDS = { tasks: 'core.task', 'task-groups': 'core.taskgroup', workers: 'core.appstatus' } as const;
export type Kind = keyof typeof KINDS;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The address of a thing: its path, with a slash at the end. */
export function hrefOf(kind: Kind, uuid: string): string {
  return `${ROOT}${kind}/${uuid}/`;
}

/** The name that Pulp gives to a resource. */
export function prnOf(kind: Kind, uuid: string): string {
  return `prn:${KINDS[kind]}:${uuid}`;
}

/** The UUID of what has a name and no id, as `pulp.name_uuid` makes it. */
export function nameUuid(name: string): string {
  if (UUID.test(name)) return name.toLowerCase();
  const digest = createHash('md5').update(name).digest('hex');
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20)}`;
}

/** What says which thing of a kind is meant: its address, its name with Pulp, or its UUID. */
export function reference(kind: Kind) {
  return z
    .string()
    .transform((text, context) => {
      const prefix = [`${ROOT}${kind}/`, `prn:${KINDS[kind]}:`].find((start) => text.startsWith(start)) ?? '';
      const uuid = text.slice(prefix.length).replace(/\/$/, '');
      if (UUID.test(uuid)) return uuid.toLowerCase();
      context.addIssue({ code: 'custom', message: `is not the address of one of ${kind}` });
      return z.NEVER;
    })
    .meta({ type: 'string' });
}

/** A UUID in a path; what is none is the address of nothing. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** What a query asks for by names that Pulp gives to resources. @throws HttpError 400 for one of another kind */
export function uuidsOfPrns(kind: Kind, prns: readonly string[] | undefined): readonly string[] | undefined {
  return prns?.map((prn) => {
    const start = `prn:${KINDS[kind]}:`;
    if (prn.startsWith(start) && UUID.test(prn.slice(start.length)))
      return prn.slice(start.length).toLowerCase();
    throw invalid(`prn__in: ${JSON.stringify(prn.slice(0, 200))} is not one of ${kind}`);
  });
}

/** A time as Pulp writes it, to the microsecond. */
export function timeText(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
