/** What an operation of the server needs. */
export type Right = 'read' | 'enqueue' | 'cancel' | 'operate';

/** The roles of those who use the server. */
export const USER_ROLES = ['observer', 'submitter', 'operator'] as const;

/** One of `USER_ROLES`. */
export type UserRole = (typeof USER_ROLES)[number];

/** What each role may do. */
const RIGHTS: Readonly<Record<UserRole, readonly Right[]>> = {
  observer: ['read'],
  submitter: ['read', 'enqueue', 'cancel'],
  operator: ['read', 'enqueue', 'cancel', 'operate'],
};

/** The roles of the database by which a server acts. */
export const DATABASE_ROLES: readonly string[] = USER_ROLES.map((role) => `pulp_${role}`);

/** Who makes a request. */
export interface Caller {
  /** Who stands in the log. */
  readonly actor: string;
  readonly role: UserRole;
}

/** Whether somebody has a right. */
export function mayUse(caller: Caller, right: Right): boolean {
  return RIGHTS[caller.role].includes(right);
}

/**
 * The role of the database by which somebody uses a right: his own, so that he sees and does what he would on a login of his own,
 * but that an operator enqueues as a submitter does.
 */
export function databaseRole({ role }: Pick<Caller, 'role'>, right: Right): string {
  return right === 'enqueue' ? 'pulp_submitter' : `pulp_${role}`;
}
