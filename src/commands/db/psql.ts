import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PulpError } from '../../errors.ts';
import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';

export default class Psql extends PulpCommand {
  static override readonly summary = 'Run psql on the database.';
  static override readonly description = prose(`
All that follows is given to psql, which has to be installed. It gets the password by its environment, and not by the command line,
which all users of a machine can see. Exits as psql does.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    `<%= config.bin %> <%= command.id %> -c 'select name, state from pulp.task'`,
  ];
  static override readonly strict = false;

  async run(): Promise<unknown> {
    const { getDatabaseUrl } = await import('../../postgres/database-url.ts');
    const { addressWithoutPassword, secretEnvironment } = await import('../../cli/database-address.ts');
    const url = await getDatabaseUrl();
    process.on('SIGINT', () => undefined); // meant for psql: it ends a statement
    const psql = spawn('psql', [addressWithoutPassword(url), ...this.argv], {
      stdio: 'inherit',
      env: { ...process.env, ...secretEnvironment(url) },
    });
    try {
      const [code] = (await once(psql, 'exit')) as [number | null];
      process.exitCode = code ?? 1;
      return { code };
    } catch (cause) {
      throw new PulpError(
        'NO_PSQL',
        `psql cannot be run: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          remedy:
            'Install the client programs of Postgres, or give another program what `pulp db status --url --with-password` prints.',
          cause,
        },
      );
    }
  }
}
