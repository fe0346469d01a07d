import type { Client } from 'pg';

/** What a logical dump holds: the rows of one snapshot, and the sequences as they were a little later. */
export interface Dump {
  readonly tables: readonly { readonly name: string; readonly rows: readonly unknown[] }[];
  readonly sequences: readonly { readonly name: string; readonly value: string; readonly called: boolean }[];
}

const SCHEMAS = `n.nspname in ('pulp', 'pulp_boss')`;

/**
 * Does what pg_dump does with the data; the embedded Postgres comes without it, and another one's may refuse this version. The
 * schema is left to `migrate`.
 */
export async function dump(client: Client): Promise<Dump> {
  await client.query('begin isolation level repeatable read');
  const { rows: tables } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${SCHEMAS} and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const contents = [];
  for (const { name } of tables) {
    const { rows } = await client.query<{ row: unknown }>(`select to_jsonb(t)::text as row from ${name} t`);
    contents.push({ name, rows: rows.map(({ row }) => row) });
  }
  const { rows: names } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${SCHEMAS} and c.relkind = 'S'`,
  );
  const sequences = [];
  for (const { name } of names) {
    const { rows } = await client.query<{ value: string; called: boolean }>(
      `select last_value::text as value, is_called as called from ${name}`,
    );
    sequences.push({ name, value: rows[0]?.value ?? '1', called: rows[0]?.called ?? false });
  }
  await client.query('commit');
  return { tables: contents, sequences };
}

/** Puts a dump into a database that has the schema, and nothing of its own. Needs a superuser: no trigger fires. */
export async function restore(client: Client, { tables, sequences }: Dump): Promise<void> {
  await client.query('begin; set local session_replication_role = replica');
  for (const { name, rows } of tables) {
    await client.query(`delete from ${name}`);
    if (rows.length === 0) continue;
    await client.query(
      `insert into ${name} overriding system value select r.* from jsonb_populate_recordset(null::${name}, $1) r`,
      [`[${rows.join(',')}]`],
    );
  }
  for (const { name, value, called } of sequences) {
    await client.query('select setval($1, $2, $3)', [name, value, called]);
  }
  await client.query('commit');
}
