import * as Flags from '@oclif/core/flags';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { parseMoment } from '../../cli/moment.ts';
import { prose } from '../../cli/prose.ts';
import { errorText } from '../../cli/report-error.ts';
import { formatTable } from '../../cli/table.ts';
import { PulpError } from '../../errors.ts';
import type { LeafArchive } from '../../events/archive-file.ts';

/** What is said of a file that is not intact, by the code of what was wrong. */
const STATES: Readonly<Record<string, string>> = {
  ARCHIVE_MISSING: 'missing',
  ARCHIVE_UNUSABLE: 'unreadable',
};

export default class Archive extends DatabaseCommand {
  static override readonly summary = 'Move old months of the log into files.';
  static override readonly description = prose(`
A month goes, the oldest first, when it is over and all tasks that have events in it were purged (\`pulp task purge\`). It
becomes a file of gzipped JSON lines, one an event, and a manifest with its checksum; both are read back before the month
is dropped from the database. Broken off at any point, it can simply be run again. Only the owner of the schema may do this.

With --list, shows what was archived; with --list and --to, also whether the files there are intact, and exits with 1 if
one is not.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --before 2030-01-01 --to /var/lib/pulp/archive',
    '<%= config.bin %> <%= command.id %> --list --to /var/lib/pulp/archive',
  ];

  static override readonly flags = {
    before: Flags.string({
      helpValue: 'TIME',
      summary: 'Months that ended before a time in ISO 8601, or 90d ago.',
      exclusive: ['list'],
    }),
    to: Flags.string({ helpValue: 'DIR', summary: 'The folder for the files.' }),
    list: Flags.boolean({ summary: 'Show what was archived.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Archive);
    if (flags.list) return this.#list(flags.to);
    if (flags.before === undefined || flags.to === undefined) {
      throw new PulpError('INVALID_INPUT', 'archiving needs both --before and --to', {
        remedy: 'Give a time and a folder, or --list.',
        exitCode: 2,
      });
    }
    const before = parseMoment(flags.before, '--before');
    const { archiveLeaves } = await import('../../events/archive.ts');
    const archived = await archiveLeaves({
      before,
      folder: flags.to,
      onArchived: ({ leaf, events, streams, file }) => {
        this.log(`${leaf}: ${events} events of ${streams} tasks are in ${file}`);
      },
    });
    if (archived.length === 0) this.log('no month is to be archived');
    return archived;
  }

  async #list(folder: string | undefined): Promise<unknown> {
    const { listArchives } = await import('../../events/archive.ts');
    const records = await listArchives();
    const listed = [];
    for (const { archive, archivedAt, droppedAt } of records) {
      const state = folder === undefined ? undefined : await this.#stateOf(folder, archive);
      listed.push({ ...archive, archived_at: archivedAt, dropped_at: droppedAt, ...(state && { state }) });
    }
    const header = [
      'LEAF',
      'EVENTS',
      'TASKS',
      'ARCHIVED',
      'SHA-256',
      ...(folder === undefined ? [] : ['FILE']),
    ];
    this.log(
      formatTable(
        header,
        listed.map(({ leaf, events, streams, archived_at, sha256, state }) => [
          leaf,
          String(events),
          String(streams),
          archived_at.toISOString(),
          sha256,
          ...(state === undefined ? [] : [state]),
        ]),
      ),
    );
    return listed;
  }

  async #stateOf(folder: string, archive: LeafArchive): Promise<string> {
    const { checkArchive } = await import('../../events/archive-file.ts');
    try {
      await checkArchive(folder, archive);
      return 'intact';
    } catch (error) {
      if (!(error instanceof PulpError)) throw error;
      this.logToStderr(errorText(error));
      process.exitCode = 1;
      return STATES[error.code] ?? 'damaged';
    }
  }
}
