import type { Client } from 'pg';
import type { SESSION_TARGETS } from './parameters.ts';

export type SessionTarget = (typeof SESSION_TARGETS)[number];

/** SQLSTATE of a server that is on its way up or down. */
export const CANNOT_CONNECT_NOW = '57P03';

/** A server is there, and its sessions are not what the address asks for; another one, or the same one later, may do. */
export class UnfitSessionError extends Error {
  readonly code = CANNOT_CONNECT_NOW;
}

/**
 * Refuses a session that is not what the address asks for.
 *
 * @throws UnfitSessionError
 */
export async function requireSession(client: Client, target: SessionTarget): Promise<void> {
  if (target === 'any') return;
  const { rows } = await client.query<{ standby: boolean; read_only: boolean }>(
    `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as read_only`,
  );
  const { standby = false, read_only: readOnly = false } = rows[0] ?? {};
  const fits = {
    'read-write': !readOnly,
    'read-only': readOnly,
    primary: !standby,
    standby,
    'prefer-standby': standby,
  }[target];
  if (fits) return;
  const found = standby ? 'a standby' : readOnly ? 'read-only' : 'a primary that can be written to';
  throw new UnfitSessionError(`it is ${found}, and target_session_attrs asks for ${target}`);
}
