import { PulpCommand } from '../../cli/pulp-command.ts';

export default class Stop extends PulpCommand {
  static override readonly summary = 'Stop the embedded Postgres server.';
  static override readonly description =
    'Ends all connections first: what workers run goes on as long as their leases stand (see docs/leases.md), and they come back when the server does. The data stays.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<unknown> {
    await this.parse(Stop);
    const { requireEmbedded } = await import('../../cli/database-setting.ts');
    const { pulpHome } = await import('../../postgres/database-url.ts');
    const { stopEmbeddedServer } = await import('../../postgres/embedded-server.ts');
    requireEmbedded();
    const stopped = await stopEmbeddedServer(pulpHome());
    this.log(stopped ? 'stopped' : 'was not running');
    return { stopped };
  }
}
