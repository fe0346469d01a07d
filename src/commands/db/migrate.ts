import * as Flags from '@oclif/core/flags';
import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';

/** The functions that callers may call run with the rights of who owns them. */
const SUPERUSER_OWNS =
  'warning: the owner of the schemas is a superuser, with whose rights the functions run that callers may call; let one own them who is none';

export default class Migrate extends PulpCommand {
  static override readonly summary = 'Bring the database up to this version.';
  static override readonly description = prose(`
Needed once for a database that DATABASE_URL, or PGHOST and its like, name, and again after an upgrade; the embedded server's is migrated by itself.
Runs in one transaction, and does nothing where nothing is to be done. Prints the scripts that were run. Schemas of the engine that
somebody else has made are refused: whoever owns them could replace what runs with the rights of who migrates.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    'DATABASE_URL=postgresql://pulp@db.example.org/pulp <%= config.bin %> <%= command.id %>',
  ];

  static override readonly flags = {
    dedicated: Flags.boolean({
      summary:
        prose(`The database serves the engine alone: nobody but the owner of its schemas takes advisory locks there from now
on. Takes a superuser; one who does not own the schemas does nothing else by it.`),
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Migrate);
    const { namedDatabaseUrl, pulpHome } = await import('../../postgres/database-url.ts');
    const { startEmbeddedServer } = await import('../../postgres/embedded-server.ts');
    const { migrate } = await import('../../postgres/migrate.ts');
    const { dedicate } = await import('../../postgres/dedicate.ts');
    const { readStanding } = await import('../../postgres/schema-ground.ts');
    const named = namedDatabaseUrl();
    const url = named ?? (await startEmbeddedServer(pulpHome())).url;
    const standing = named === undefined ? undefined : await readStanding(url);
    const isForeign = standing?.isSuperuser === true && standing.isMade && !standing.isOwner;
    const report = flags.dedicated && isForeign ? { applied: [] } : await migrate(url);
    this.log(report.applied.length === 0 ? 'up to date' : report.applied.join('\n'));
    if (flags.dedicated) {
      await dedicate(url);
      this.log('advisory locks: only the owner of the schemas takes them');
    }
    if (standing?.isSuperuser === true && !isForeign) this.logToStderr(SUPERUSER_OWNS);
    return report;
  }
}
