import * as Flags from '@oclif/core/flags';
import { addressWithoutPassword, plainAddress } from '../../cli/database-address.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';
import { retentionLine } from '../../cli/retention-text.ts';
import { formatFacts } from '../../cli/table.ts';
import { PulpError } from '../../errors.ts';
import type { Overview } from '../../queries/overview.ts';

export default class Status extends PulpCommand {
  static override readonly summary = 'Show which database is used and what is in it.';
  static override readonly description =
    'Exits with 3 if the embedded server does not run; it is not started by this.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --url',
  ];

  static override readonly flags = {
    url: Flags.boolean({ summary: 'Print the address of the database alone.' }),
    'with-password': Flags.boolean({
      summary:
        'Print it with its password. On command lines all users of the machine can see that: see `pulp db psql`.',
      dependsOn: ['url'],
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Status);
    const { namedDatabaseUrl, pulpHome } = await import('../../postgres/database-url.ts');
    const { namingVariable } = await import('../../postgres/address/resolve.ts');
    const { embeddedServerStatus } = await import('../../postgres/embedded-server.ts');
    const { readOverview } = await import('../../queries/overview.ts');
    const named = namedDatabaseUrl();
    const embedded = named === undefined ? await embeddedServerStatus(pulpHome()) : undefined;
    const url = named ?? embedded?.url;
    if (url === undefined) {
      throw new PulpError('NOT_RUNNING', `the embedded server under ${pulpHome()} is not running`, {
        remedy: 'Run `pulp db start`; other commands start it by themselves.',
        exitCode: 3,
      });
    }
    if (flags.url) {
      const address = flags['with-password'] ? plainAddress(url) : addressWithoutPassword(url);
      this.log(address);
      return { url: address };
    }
    const server = embedded
      ? { kind: 'embedded', pid: embedded.pid, data_directory: embedded.dataDirectory }
      : { kind: namingVariable(process.env) };
    const overview = await readOverview(url);
    this.log(
      formatFacts({
        server: embedded
          ? `embedded, process ${embedded.pid}`
          : `named by ${namingVariable(process.env) ?? ''}`,
        data: embedded?.dataDirectory,
        url: addressWithoutPassword(url),
        version: overview.version,
        schema: schemaText(overview.schema),
        tasks: overview.contents && countsText(overview.contents.tasks),
        workers: overview.contents && countsText(overview.contents.workers),
        leader: overview.contents && (overview.contents.leader ?? 'none'),
        ...leaderTrouble(overview.contents),
        'old snapshot': overview.contents?.old_snapshot ?? undefined,
        ...subscriptionTrouble(overview.contents),
        retention: overview.contents?.retention && retentionLine(overview.contents.retention),
        ...eraFacts(overview.contents),
      }),
    );
    return { server: { ...server, url: addressWithoutPassword(url) }, ...overview };
  }
}

function schemaText({ state, pending }: Overview['schema']): string {
  switch (state) {
    case 'current':
      return 'up to date';
    case 'outdated':
      return `outdated: run \`pulp db migrate\` (${pending.length} scripts)`;
    case 'absent':
      return 'none yet: run `pulp db migrate`';
  }
}

/** Lines that are there only if something is wrong. */
function leaderTrouble(contents: Overview['contents']): Readonly<Record<string, string | undefined>> {
  if (contents === undefined) return {};
  const { failing, held_back } = contents;
  const failures = Object.entries(failing?.failures ?? {}).map(
    ([duty, { message }]) => `${duty}: ${message}`,
  );
  const last = failing?.last_pass_at;
  return {
    failing:
      failing === null
        ? undefined
        : `since ${failing.since.toISOString()}${last == null ? '' : `, last worked at ${last.toISOString()}`}: ${failures.join('; ')}`,
    'held back':
      held_back === 0
        ? undefined
        : `${held_back}${held_back < 1000 ? '' : ' or more'} ${held_back === 1 ? 'task' : 'tasks'}: see \`pulp task why\``,
  };
}

/** A line that is there only if a subscription needs somebody. */
function subscriptionTrouble(contents: Overview['contents']): Readonly<Record<string, string | undefined>> {
  const troubles = (contents?.subscriptions ?? []).map(
    ({ name, state, why }) => `${name} ${state === 'stopped' ? 'has stopped' : 'fails'}: ${why}`,
  );
  return { subscriptions: troubles.length === 0 ? undefined : troubles.join('; ') };
}

/** Lines that are there only where the log went through more than one history, or could not know it. */
function eraFacts(contents: Overview['contents']): Readonly<Record<string, string | undefined>> {
  const era = contents?.era;
  if (era == null) return {};
  return {
    era:
      era.eras === 1
        ? undefined
        : `${era.number}, number ${era.eras} in this log, since ${era.begun_at.toISOString()}: ${era.reason ?? ''}`,
    history: era.by_ids_only
      ? 'known by ids alone: its owner may not ask pg_control_system() and pg_walfile_name()'
      : undefined,
  };
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const known = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
  return known.length === 0 ? 'none' : known.join(', ');
}
