import { Command } from '@oclif/core/command';
import { PulpError } from '../errors.ts';
import { commandNames } from './command-names.ts';
import { reportError } from './report-error.ts';

/**
 * A command of `pulp`. Its `run` returns what `--json` prints; what people read it logs.
 *
 * Help and a wrong command line load the files of all commands, so these import at their top only what their flags need;
 * what a command works with it imports when it runs.
 */
export abstract class PulpCommand extends Command {
  static override readonly enableJsonFlag = true;

  protected override async init(): Promise<void> {
    await super.init();
    const { namedDatabaseUrl } = await import('../postgres/database-url.ts');
    namedDatabaseUrl(); // a wrong one is told before anything uses it
  }

  protected override catch(error: unknown): Promise<void> {
    return reportError(error, {
      json: this.jsonEnabled(),
      help: `pulp ${(this.id ?? '').replaceAll(':', ' ')}`,
      commands: commandNames,
    });
  }

  /** Of `--unchecked=false`, oclif would take `false` for an argument. */
  protected override parse: Command['parse'] = (options, argv = this.argv) => {
    const end = argv.indexOf('--');
    for (const word of end === -1 ? argv : argv.slice(0, end)) {
      const [, name = ''] = /^--([a-z-]+)=/.exec(word) ?? [];
      if (options?.flags?.[name]?.type === 'boolean' || options?.baseFlags?.[name]?.type === 'boolean')
        throw new PulpError('BAD_USAGE', `--${name} takes no value`, {
          remedy: `Leave out what follows it, or the whole flag.`,
          exitCode: 2,
        });
    }
    return super.parse(options, argv);
  };

  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }
}
