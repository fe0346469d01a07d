/** What an operation of the server needs: to read; to enqueue and cancel; to run the engine. */
export type Right = 'read' | 'submit' | 'operate';

/** The roles of those who use the server. */
export const USER_ROLES = ['observer', 'submitter', 'operator'] as const;

/** One of `USER_ROLES`. */
export type UserRole = (typeof USER_ROLES)[number];

/** What each role may do. */
const RIGHTS: Readonly<Record<UserRole, readonly Right[]>> = {
  observer: ['read'],
  submitter: ['read', 'submit'],
  operator: ['read', 'submit', 'operate'],
};

/**
 * The role of the database by which a right is used: that which suffices, whatever else the user may do. So what only reads
 * cannot write.
 */
export const DATABASE_ROLES: Readonly<Record<Right, string>> = {
  read: 'pulp_observer',
  submit: 'pulp_submitter',
  operate: 'pulp_operator',
};

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
