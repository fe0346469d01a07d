import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';
import { errorReport, errorText } from '../../cli/report-error.ts';

/** Each task's state is printed as it is. */
const SILENCE = { info: () => {}, warn: () => {}, error: () => {} };

export default class Cancel extends DatabaseCommand {
  static override readonly summary = 'Cancel tasks.';
  static override readonly description = prose(`
Prints the state of each task after it. One that waits is canceled at once. One that runs is canceling: its code is told to
end, and killed if it does not. One that is over stays as it is. Tasks that it enqueued are not touched.
Exits with 3 if there is no task of one of the ids; the others are canceled all the same.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 01992f6e-8f3c-7000-8000-5bd2d31c4f0a',
    `<%= config.bin %> task list --state waiting --json | jq -r '.[].id' | xargs <%= config.bin %> <%= command.id %> --reason 'no longer needed'`,
  ];

  static override readonly args = {
    id: Args.string({ description: 'Ids of tasks.', required: true, multiple: true, ignoreStdin: true }),
  };

  static override readonly flags = {
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Why, for the record.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Cancel);
    const { MissingResourceError } = await import('../../errors.ts');
    const { cancel } = await import('../../tasks/cancel.ts');
    const results: object[] = [];
    for (const id of args.id) {
      try {
        const state = await cancel(id, flags.reason, { log: SILENCE });
        this.log(`${id} ${state}`);
        results.push({ id, state });
      } catch (error) {
        if (!(error instanceof MissingResourceError)) throw error;
        this.logToStderr(errorText(error));
        results.push({ id, error: errorReport(error) });
        process.exitCode = error.exitCode;
      }
    }
    return results;
  }
}
