import { Command } from '@oclif/core/command';
import { reportError } from './report-error.ts';

/**
 * A command of `pulp`. Its `run` returns what `--json` prints; what people read it logs.
 *
 * Every command line loads the files of all commands, so these import at their top only what their flags need; what a
 * command works with it imports when it runs.
 */
export abstract class PulpCommand extends Command {
  static override readonly enableJsonFlag = true;

  protected override async init(): Promise<void> {
    await super.init();
    const { checkDatabaseUrl } = await import('./database-setting.ts');
    checkDatabaseUrl();
  }

  protected override catch(error: unknown): Promise<void> {
    reportError(error, { json: this.jsonEnabled(), help: `pulp ${(this.id ?? '').replaceAll(':', ' ')}` });
    return Promise.resolve();
  }

  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }
}
