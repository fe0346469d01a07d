import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';

export default class Start extends PulpCommand {
  static override readonly summary = 'Start the embedded Postgres server.';
  static override readonly description = prose(`
Without DATABASE_URL, or PGHOST and its like, every command uses a Postgres server of this user's own and starts it when it is needed; this starts it
beforehand. It is made at first use, lives under PULP_HOME (default: pulp in the user's data folder), and stays until
\`pulp db stop\`.`);
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<unknown> {
    await this.parse(Start);
    const { requireEmbedded } = await import('../../cli/database-setting.ts');
    const { pulpHome } = await import('../../postgres/database-url.ts');
    const { startEmbeddedServer } = await import('../../postgres/embedded-server.ts');
    const { migrate } = await import('../../postgres/migrate.ts');
    requireEmbedded();
    const { url, dataDirectory, pid, version, wasStarted } = await startEmbeddedServer(pulpHome());
    await migrate(url);
    this.log(
      `Postgres ${version} ${wasStarted ? 'started' : 'runs already'}: process ${pid}, data in ${dataDirectory}`,
    );
    return { started: wasStarted, version, pid, data_directory: dataDirectory };
  }
}
