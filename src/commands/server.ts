import { databaseFacts } from '../cli/database-address.ts';
import { DatabaseCommand } from '../cli/database-command.ts';
import { prose } from '../cli/prose.ts';
import { SERVER_FLAGS, serverSettings } from '../cli/server-settings.ts';

export default class Server extends DatabaseCommand {
  static override readonly summary = 'Serve the page and the API over HTTP.';
  static override readonly description = prose(`
Serves a page to look at and act on at /, version 3 of Pulp's API of its tasks under /pulp/api/v3/, which the commands of pulp-cli use,
and an API of our own under /api/v1/; /api/v1/openapi.json describes both. It keeps no state: there may be any number of servers. Users
prove who they are by tokens, see \`pulp token create\`. The first SIGTERM or SIGINT lets requests under way finish, for ten seconds at most. With
--tls-cert and --tls-key it serves by HTTPS, and reads both files again when they change, or at a SIGHUP. \`pulp worker --server\` serves the same.
Its log goes to stderr, one JSON object a line, at the level PULP_LOG_LEVEL (default: info).`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --no-auth',
    '<%= config.bin %> <%= command.id %> --host 0.0.0.0 --port 24817 --allow-host pulp.example.org',
  ];

  static override readonly flags = SERVER_FLAGS;

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Server);
    const { workerLog } = await import('../cli/worker-log.ts');
    const { startServer } = await import('../http/server.ts');
    const { getDatabaseUrl } = await import('../postgres/database-url.ts');
    const { checkServerRoles } = await import('../http/access/server-roles.ts');
    const { onEndSignal } = await import('../processes/end-signals.ts');
    const log = workerLog();
    const settings = serverSettings(flags);
    await checkServerRoles();
    const server = await startServer({ ...settings, log, version: this.config.version });
    const database = databaseFacts(await getDatabaseUrl());
    log.info({ url: server.url, auth: settings.everybody === undefined, database }, 'serving');
    const { renewCertificate } = server;
    if (renewCertificate !== undefined) process.on('SIGHUP', renewCertificate);
    const stopped = Promise.withResolvers<NodeJS.Signals>();
    const unheard = onEndSignal((signal) => {
      if (signal !== 'SIGHUP' || renewCertificate === undefined) stopped.resolve(signal);
    });
    log.info({ signal: await stopped.promise }, 'stopping');
    unheard(); // the next one ends it at once
    await server.stop();
    log.info('stopped');
    return { url: server.url, state: 'stopped' };
  }
}
