import * as Flags from '@oclif/core/flags';
import { MOST } from '../counts.ts';
import { DatabaseCommand } from './database-command.ts';

/**
 * The flags of a command that lists what there is of one kind, in the order of its names.
 *
 * @param name what such a name is called
 */
export const listByNameFlags = (name = 'NAME') => ({
  cursor: Flags.string({ helpValue: name, summary: 'Those that come after this one.' }),
  limit: Flags.integer({ helpValue: 'N', summary: 'How many at most.', default: 50, min: 1, max: MOST }),
});

/** What to list, and how it is shown. */
interface Listing<Row> {
  /** What they are, for people, such as `schedules`. */
  readonly of: string;
  readonly list: (page: {
    readonly limit: number;
    readonly after: string | undefined;
  }) => Promise<readonly Row[]>;
  readonly table: (rows: readonly Row[]) => string;
  /** What names one, and comes back as the cursor. */
  readonly nameOf: (row: Row) => string;
}

/** A command that lists what there is of one kind, in the order of its names. */
export abstract class ListByNameCommand extends DatabaseCommand {
  /** Shows the first ones after the cursor; gives them. */
  protected async showPage<Row>(
    { cursor, limit }: { readonly cursor: string | undefined; readonly limit: number },
    { of, list, table, nameOf }: Listing<Row>,
  ): Promise<readonly Row[]> {
    const found = await list({ after: cursor, limit: limit + 1 }); // one more, to know whether there are more
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    if (last === undefined) this.logToStderr(`There are no ${of}.`);
    else this.log(table(rows));
    if (last !== undefined && found.length > limit) {
      this.logToStderr(`There are more; these are the first ${limit}. The next: --cursor ${nameOf(last)}`);
    }
    return rows;
  }
}
