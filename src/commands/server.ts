import { userInfo } from 'node:os';
import { isIP } from 'node:net';
import * as Flags from '@oclif/core/flags';
import { DatabaseCommand } from '../cli/database-command.ts';
import { prose } from '../cli/prose.ts';
import { PulpError } from '../errors.ts';
import type { Caller } from '../http/access/rights.ts';

export default class Server extends DatabaseCommand {
  static override readonly summary = 'Serve the page and the API over HTTP.';
  static override readonly description = prose(`
Serves a page to look at and act on at /, version 3 of Pulp's API of its tasks under /pulp/api/v3/, which the commands of pulp-cli use,
and an API of our own under /api/v1/; /api/v1/openapi.json describes both. It keeps no state: there may be any number of servers. Users prove who they are by
tokens, see \`pulp token create\`. The first SIGTERM or SIGINT lets requests under way finish, for ten seconds at most.
Its log goes to stderr, one JSON object a line, at the level PULP_LOG_LEVEL (default: info).`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --no-auth',
    '<%= config.bin %> <%= command.id %> --host 0.0.0.0 --port 24817 --allow-host pulp.example.org',
  ];

  static override readonly flags = {
    host: Flags.string({
      helpValue: 'ADDRESS',
      summary: 'The address to listen at; others than this host can reach it where it is not a loopback one.',
      default: '127.0.0.1',
    }),
    port: Flags.integer({
      helpValue: 'N',
      summary: 'The port to listen at; 0: any that is free.',
      default: 24817,
      min: 0,
      max: 65_535,
    }),
    'allow-host': Flags.string({
      helpValue: 'NAME',
      summary: 'A name by which clients reach it, beside localhost and that of this host; can be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'no-auth': Flags.boolean({
      summary: 'Let everybody on this host do everything without a token; at a loopback address alone.',
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Server);
    const { workerLog } = await import('../cli/worker-log.ts');
    const { startServer } = await import('../http/server.ts');
    const { checkServerRoles } = await import('../http/access/server-roles.ts');
    const log = workerLog();
    const everybody = flags['no-auth'] ? everybodyHere(flags.host) : undefined;
    await checkServerRoles();
    const server = await startServer({
      host: flags.host,
      port: flags.port,
      log,
      version: this.config.version,
      everybody,
      hostNames: [...(isIP(flags.host) === 0 ? [flags.host] : []), ...(flags['allow-host'] ?? [])],
    });
    log.info({ url: server.url, auth: everybody === undefined }, 'serving');
    const stopped = Promise.withResolvers<NodeJS.Signals>();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, stopped.resolve);
    log.info({ signal: await stopped.promise }, 'stopping');
    await server.stop();
    log.info('stopped');
    return { url: server.url, state: 'stopped' };
  }
}

/** Who everybody is, where nobody has to say it: whoever can reach a loopback address, and so is on this host. */
function everybodyHere(host: string): Caller {
  if (/^(127(\.\d+){3}|::1|localhost)$/.test(host)) return { actor: userInfo().username, role: 'operator' };
  throw new PulpError('BAD_USAGE', `--no-auth: others can reach ${host}`, {
    remedy: 'Leave it out and make tokens by `pulp token create`, or listen at 127.0.0.1.',
    exitCode: 2,
  });
}
