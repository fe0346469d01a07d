import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';

export default class Migrate extends PulpCommand {
  static override readonly summary = 'Bring the database up to this version.';
  static override readonly description = prose(`
Needed once for a database that DATABASE_URL names, and again after an upgrade; the embedded server's is migrated by itself.
Runs in one transaction, and does nothing where nothing is to be done. Prints the scripts that were run.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    'DATABASE_URL=postgresql://pulp@db.example.org/pulp <%= config.bin %> <%= command.id %>',
  ];

  async run(): Promise<unknown> {
    await this.parse(Migrate);
    const { namedDatabaseUrl, pulpHome } = await import('../../postgres/database-url.ts');
    const { startEmbeddedServer } = await import('../../postgres/embedded-server.ts');
    const { migrate } = await import('../../postgres/migrate.ts');
    const report = await migrate(namedDatabaseUrl() ?? (await startEmbeddedServer(pulpHome())).url);
    this.log(report.applied.length === 0 ? 'up to date' : report.applied.join('\n'));
    return report;
  }
}
