import type { Identity } from '../../postgres/identity.ts';

/** What an operation of the server needs: to read; to enqueue; to cancel, run again or change tasks; to run the engine. */
export const RIGHTS = ['read', 'enqueue', 'cancel', 'operate'] as const;

/** One of `RIGHTS`. */
export type Right = (typeof RIGHTS)[number];

/** The roles of those who use the server. */
export const USER_ROLES = ['observer', 'submitter', 'operator'] as const;

/** One of `USER_ROLES`. */
export type UserRole = (typeof USER_ROLES)[number];

/**
 * By which role of the database each user does what he may, which decides whose tasks he sees and acts on: see docs/owners.md.
 * What is not here he may not.
 */
const DATABASE_ROLES: Readonly<Record<UserRole, Partial<Record<Right, string>>>> = {
  observer: { read: 'pulp_observer' },
  submitter: { read: 'pulp_submitter', enqueue: 'pulp_submitter', cancel: 'pulp_submitter' },
  operator: {
    read: 'pulp_operator',
    enqueue: 'pulp_submitter',
    cancel: 'pulp_operator',
    operate: 'pulp_operator',
  },
};

/** Who makes a request. */
export interface Caller {
  /** Who stands in the log. */
  readonly actor: string;
  readonly role: UserRole;
}

/** On whose behalf the statements of a request are made; undefined if the caller has not this right. What only reads cannot write. */
export function identityFor({ role, actor }: Caller, right: Right): Identity | undefined {
  const databaseRole = DATABASE_ROLES[role][right];
  return databaseRole === undefined ? undefined : { role: databaseRole, actor, readOnly: right === 'read' };
}

/** All roles of the database that users act by. */
export function databaseRoles(): readonly string[] {
  return [...new Set(Object.values(DATABASE_ROLES).flatMap((roles) => Object.values(roles)))];
}
