import { AsyncLocalStorage } from 'node:async_hooks';
import type { Settings } from './session-settings.ts';

/** On whose behalf statements are made. */
export interface Identity {
  /** The role of the database whose rights they have. */
  readonly role: string;
  /** Who stands in the log as who caused what they write. */
  readonly actor: string;
  /** Whether they can write nothing, whatever the role may. */
  readonly readOnly?: boolean;
}

/** How long a statement on behalf of somebody else may take. */
const STATEMENT_TIMEOUT = '20s';

/** What a session is set to while nobody is acted for. */
const NOBODY: Settings = {
  role: 'none',
  'pulp.actor': '',
  statement_timeout: '0',
  default_transaction_read_only: 'off',
};

const identities = new AsyncLocalStorage<Identity>();

/**
 * Does some work on behalf of somebody: the statements that it makes by `getConnection()` have the rights of the role and no
 * others, and the log names the actor. The login of this process must be a member of the role, and be allowed to speak for others.
 */
export function actingAs<T>(identity: Identity, work: () => T): T {
  return identities.run(identity, work);
}

/** Of the login's own statements. */
const OWN_ROLE = 'none';

/** On whose behalf statements are made here; undefined: of the login of this process. Whom `PULP_ACTOR` names, the login speaks for. */
export function currentIdentity(): Identity | undefined {
  const actor = process.env['PULP_ACTOR'] ?? '';
  return identities.getStore() ?? (actor === '' ? undefined : { role: OWN_ROLE, actor });
}

/** What tells the statements of different identities apart; the same text for the same identity. */
export function identityKey(identity: Identity | undefined): string {
  if (identity === undefined) return '';
  const { role, actor, readOnly = false } = identity;
  return `${role} ${readOnly ? 'reads' : 'writes'} ${actor}`;
}

/** What a session or transaction is set to, for its statements to be made on somebody's behalf. */
export function identitySettings(identity: Identity | undefined): Settings {
  if (identity === undefined) return NOBODY;
  const { role, actor, readOnly = false } = identity;
  if (role === OWN_ROLE) return { ...NOBODY, 'pulp.actor': actor };
  return {
    role,
    'pulp.actor': actor,
    statement_timeout: STATEMENT_TIMEOUT,
    default_transaction_read_only: readOnly ? 'on' : 'off',
  };
}
