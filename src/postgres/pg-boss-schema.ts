import { readFile } from 'node:fs/promises';

/** The schema that pg-boss keeps its queues in. */
export const PG_BOSS_SCHEMA = 'pgboss';

/**
 * Installs pg-boss's own schema, or brings it up to the version that this package pins. Safe to call from many
 * processes at once: pg-boss takes a lock of its own.
 */
export async function installPgBoss(databaseUrl: string): Promise<void> {
  const { PgBoss } = await import('pg-boss'); // a large module that most processes never need
  const boss = new PgBoss({
    connectionString: databaseUrl,
    schema: PG_BOSS_SCHEMA,
    application_name: 'pulp migrate',
    max: 1,
    supervise: false,
    schedule: false,
  });
  boss.on('error', () => undefined); // start() itself rejects; without a listener the process would end here
  await boss.start();
  await boss.stop({ graceful: false });
}

/** The version of pg-boss that this package pins. */
export async function pgBossVersion(): Promise<string> {
  const manifest = await readFile(new URL('../package.json', import.meta.resolve('pg-boss')), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
