import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { getConnection } from '../../postgres/connection.ts';
import { retrying } from '../../postgres/retry.ts';
import { sql } from '../../postgres/sql.ts';
import { USER_ROLES, type Caller, type UserRole } from './rights.ts';

/** A token: a part that may be seen, by which it is listed and revoked, and 256 random bits. */
const TOKEN = /^pulp_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** What the secret part is compared with where there is no such token, so that it takes the same time. */
const NO_DIGEST = Buffer.alloc(32);

const tokenRow = z.object({
  id: z.string(),
  actor: z.string(),
  role: z.enum(USER_ROLES),
  created_at: z.date(),
  created_by: z.string(),
  expires_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  revoked_by: z.string().nullable(),
});

/** A token as the table `pulp.token` has it; the comments on its columns say what each means. */
export type Token = z.infer<typeof tokenRow>;

/** What a new token is made with. */
export interface NewToken {
  readonly actor: string;
  readonly role: UserRole;
  /** Default: it never expires by itself. */
  readonly expiresAt?: Date | undefined;
}

/**
 * Makes a token and gives it: it cannot be seen again.
 *
 * @throws PulpError INVALID_INPUT if the actor is no name; NOT_ALLOWED
 */
export async function createToken({
  actor,
  role,
  expiresAt,
}: NewToken): Promise<{ id: string; token: string }> {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const digest = digestOf(secret).toString('hex');
  const pool = await getConnection();
  await retrying(() =>
    pool.query(sql.unsafe`
      select pulp.create_token(${id}, ${actor}, ${role}, decode(${digest}, 'hex'), ${expiresAt?.toISOString() ?? null}::timestamptz)`),
  );
  return { id, token: `pulp_${id}_${secret}` };
}

/** All tokens that there are and were, the latest first. */
export async function listTokens(): Promise<readonly Token[]> {
  const pool = await getConnection();
  return retrying(() => pool.any(sql.type(tokenRow)`select * from pulp.tokens()`));
}

/** Revokes a token. @throws PulpError MISSING_RESOURCE if there is none of that id */
export async function revokeToken(id: string): Promise<void> {
  const pool = await getConnection();
  await retrying(() => pool.query(sql.unsafe`select pulp.revoke_token(${id})`));
}

/** Whose token it is; undefined if it is none, or none any more. */
export async function readToken(text: string): Promise<Caller | undefined> {
  const [, id, secret] = TOKEN.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  const pool = await getConnection();
  const known = await retrying(() =>
    pool.maybeOne(
      sql.type(z.object({ actor: z.string(), role: z.enum(USER_ROLES), digest: z.string() }))`
        select actor, role, encode(digest, 'hex') as digest from pulp.read_token(${id})`,
    ),
  );
  const digest = known === null ? NO_DIGEST : Buffer.from(known.digest, 'hex');
  if (!timingSafeEqual(digestOf(secret), digest) || known === null) return undefined;
  return { actor: known.actor, role: known.role };
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
