import { z } from 'zod';
import { POLICIES } from '../constants.ts';
import { askingOnce } from '../postgres/asking-once.ts';
import { getConnection } from '../postgres/connection.ts';
import { retrying } from '../postgres/retry.ts';
import { sql } from '../postgres/sql.ts';

/** Whether callers see and cancel each other's tasks (`shared`), or are apart (`owner`). */
export type Policy = (typeof POLICIES)[number];

const policyRow = z.object({ value: z.enum(POLICIES) });

/** Reads the policy of the engine. */
export async function readPolicy(): Promise<Policy> {
  const pool = await getConnection();
  return retrying(() =>
    pool.oneFirst(sql.type(policyRow)`select value from pulp.setting where name = 'policy'`),
  );
}

/** Sets the policy of the engine; for the owner of its schema. */
export async function setPolicy(policy: string): Promise<void> {
  await askingOnce((pool) => pool.query(sql.unsafe`select pulp.set_policy(${policy})`));
}
