import * as Flags from '@oclif/core/flags';
import { MOST } from '../../counts.ts';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { parseDuration } from '../../duration.ts';
import { prose } from '../../cli/prose.ts';
import { SERVER_FLAGS, serverSettings, type ServerFlags } from '../../cli/server-settings.ts';
import { versionsOf } from '../../cli/versions-flag.ts';
import type { Logger } from 'pino';
import { PulpError } from '../../errors.ts';
import type { RunningServer } from '../../http/server.ts';
import type { TaskRegistry } from '../../tasks/task-registry.ts';
import { unlessAborted } from '../../unless-aborted.ts';

export default class Worker extends DatabaseCommand {
  static override readonly summary = 'Run a worker.';
  static override readonly description = prose(`
Takes tasks from its queues and runs them until it is told to end. The first SIGTERM, SIGINT or SIGHUP lets what runs finish, for
--shutdown-deadline at most; a second one, more than a second later, ends what runs within --grace, or at once if the database does not answer: its tasks are put back or canceled, as their types say (onWorkerStop).
Started by npm or npx, it takes their end for a SIGTERM. Exits with 0 if all that ran has finished, with 4 if it ended some of
it when it was told to end or could not record how it ended, with 2 if its settings are wrong. Its log goes to stderr, one JSON object a line, at the level
PULP_LOG_LEVEL (default: info). \`pulp worker check\` tells whether it lives, and systemd is notified if it asks for it.

A worker whose name starts with resource-manager serves the queue of that name alone and grants reservations; while there
is none any worker does. One whose name starts with reserved-resource-worker serves the queue of its own name alone.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name reserved-resource-worker-1@%h --tasks ./tasks.ts',
    '<%= config.bin %> <%= command.id %> --queue mail --queue default --concurrency 8',
  ];

  static override readonly flags = {
    name: Flags.string({
      helpValue: 'NAME',
      summary: 'Its name, a letter first; %h is the host. Default: made of process and host.',
    }),
    queue: Flags.string({
      helpValue: 'NAME',
      summary: 'A queue that it serves; can be repeated. Default: default.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    concurrency: Flags.integer({
      helpValue: 'N',
      summary: 'How many tasks it has in hand.',
      default: 4,
      min: 1,
      max: MOST,
    }),
    tasks: Flags.string({
      helpValue: 'PATH',
      summary:
        'A file of its task types, or a folder of them; can be repeated. Default: PULP_TASKS, else pulp.tasks.{ts,js,mjs} in this folder.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    provides: Flags.string({
      helpValue: 'NAME=VERSION',
      summary:
        'What it has in which version, beside what its tasks file exports as versions; can be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'max-tasks-per-horse': Flags.integer({
      helpValue: 'N',
      summary:
        'After how many tasks a child process is replaced. Default: 100, or more where they are short and leave no memory behind.',
      min: 1,
      max: MOST,
    }),
    'task-env': Flags.string({
      helpValue: 'NAME',
      summary:
        "A variable of the worker's environment, or all that begin so (AWS_*), that the processes of its tasks get beside PATH, HOME and the like; can be repeated. Default: all but those that look like secrets.",
      multiple: true,
      multipleNonGreedy: true,
    }),
    grace: Flags.string({
      helpValue: '5s',
      summary: 'How long a task that is canceled may take to end before it is killed.',
      default: '5s',
    }),
    'shutdown-deadline': Flags.string({
      helpValue: '10m',
      summary: 'How long what runs may go on when the worker is told to end. Default: without limit.',
    }),
    server: Flags.boolean({
      summary: 'Serve the API as `pulp server` does, too, by the same flags: --host, --port, …',
      default: false,
    }),
    ...SERVER_FLAGS,
    'dry-run': Flags.boolean({
      summary: 'Check the settings and the database; run nothing.',
      default: false,
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Worker);
    const parts = await loadWorker();
    const log = parts.workerLog();
    parts.wrapInlineOutput();
    // First of all: a start that takes long is prolonged from here on, and signals are taken.
    await using notifier = parts.SystemdNotifier.take(log);
    notifier.status('starting');
    const requests = new parts.StopRequests(log);
    parts.warnIfFirstProcess(log);
    parts.checkKeys();
    parts.allowForTasks(flags['task-env'] ?? []);
    parts.hideFromOthers(parts.withheldFromTasks());
    refuseWithoutServer(flags);
    const cancelGraceMs = parseDuration(flags.grace, '--grace');
    const deadline = flags['shutdown-deadline'];
    const deadlineMs = deadline === undefined ? undefined : parseDuration(deadline, '--shutdown-deadline');
    const provided = versionsOf(flags.provides ?? [], '--provides');
    const { files, registry } = await taskTypes(flags.tasks, flags.name);
    const versions = { ...(await parts.versionsIn(files)), ...provided };
    const root = parts.workingRoot();
    parts.makeWorkingRoot(root)[Symbol.dispose](); // nothing is written into one that others could change
    if (flags['dry-run']) return await this.#tellOfDatabase();
    const worker = await parts.PulpWorker.create({
      registry,
      versions,
      concurrency: flags.concurrency,
      maxTasksPerHorse: flags['max-tasks-per-horse'],
      cancelGraceMs,
      log,
      tasksFile: files,
      ...(flags.name !== undefined && { name: flags.name }),
      ...(flags.queue && { queues: flags.queue }),
    });
    const { name } = worker;
    log.info(
      { worker: name, database: parts.databaseFacts(await parts.getDatabaseUrl()) },
      'uses the database',
    );
    parts.catchStrayErrors(worker, log.child({ worker: name }));
    await using signs = new parts.SignsOfLife(name, root, log.child({ worker: name }), notifier);
    requests.tell(worker, {
      deadlineMs,
      log: log.child({ worker: name }),
      onStop: (why) => {
        signs.stopping(`${why}, ${worker.running} tasks in hand`);
      },
    });
    const server = flags.server ? await this.#serve(flags, log.child({ worker: name })) : undefined;
    const ending = worker.run({
      onOnline: () => signs.online(),
      onUnable: (why) => signs.unable(why),
      onDraining: (why) => {
        signs.stopping(`told to end${why === '' ? '' : `: ${why}`}, ${worker.running} tasks in hand`);
      },
      onLost: (why) => {
        signs.reconnecting(why.message);
      },
    });
    const { clean } = await ending.finally(() => server && unlessAborted(server.stop(), requests.atOnce));
    if (!clean) process.exitCode = parts.STOPPED_SOME;
    return { name, state: 'offline', clean };
  }

  /** The server in this process: it goes on until what runs has finished. */
  async #serve(flags: ServerFlags, log: Logger): Promise<RunningServer> {
    const { startServer } = await import('../../http/server.ts');
    const { checkServerRoles } = await import('../../http/access/server-roles.ts');
    await checkServerRoles();
    const settings = serverSettings(flags);
    const server = await startServer({ ...settings, log, version: this.config.version });
    log.info({ url: server.url, auth: settings.everybody === undefined }, 'serving');
    return server;
  }

  /** The last part of a dry run: what a worker would find, without being one. */
  async #tellOfDatabase(): Promise<unknown> {
    const { checkDatabase } = await import('../../health/database-check.ts');
    const { namedDatabaseUrl } = await import('../../postgres/database-url.ts');
    const { workerTtl } = await import('../../worker-ttl.ts');
    workerTtl();
    const url = namedDatabaseUrl();
    const database = url === undefined ? 'embedded' : await checkDatabase(url);
    this.log(`the settings are good; ${DATABASE_WORDS[database]}`);
    return { dry_run: true, database };
  }
}

/** @throws PulpError BAD_USAGE for what would be said in vain */
function refuseWithoutServer(flags: ServerFlags & { readonly server: boolean }): void {
  const inVain = flags['no-auth'] || flags['tls-cert'] !== undefined || flags['allow-host'] !== undefined;
  if (flags.server || !inVain) return;
  throw new PulpError(
    'BAD_USAGE',
    'without --server nothing is served: --allow-host, --no-auth and --tls-… say nothing',
    {
      remedy: 'Add --server, or leave them out.',
      exitCode: 2,
    },
  );
}

/** What a dry run says of the database. */
const DATABASE_WORDS = {
  ready: 'the database is ready',
  away: 'the database cannot be reached, which a worker waits for',
  embedded: 'the embedded server starts with the worker',
} as const;

async function taskTypes(
  given: readonly string[] | undefined,
  name: string | undefined,
): Promise<{ files: readonly string[]; registry: TaskRegistry }> {
  const { loadTaskTypes } = await import('../../tasks/task-registry.ts');
  const { findTasksPaths, requireTasksPaths, tasksFilesAt } = await import('../../tasks/tasks-files.ts');
  const { withOwnTypes } = await import('../../tasks/own-types.ts');
  const { isResourceManager } = await import('../../workers/worker-name.ts');
  const needsNone = name !== undefined && isResourceManager(name) && given === undefined;
  if (needsNone && (await findTasksPaths()).length === 0)
    return { files: [], registry: withOwnTypes(new Map()) };
  const files = await tasksFilesAt(await requireTasksPaths(given));
  return { files, registry: withOwnTypes(await loadTaskTypes(files)) };
}

/** What a worker is made of. Not loaded in `run`: tsc leaves the extensions of imports as they are beside an `await using`. */
async function loadWorker() {
  return {
    ...(await import('../../cli/worker-log.ts')),
    ...(await import('../../tasks/versions.ts')),
    ...(await import('../../systemd/systemd-notifier.ts')),
    ...(await import('../../processes/stop-requests.ts')),
    ...(await import('../../processes/first-process.ts')),
    ...(await import('../../processes/exit-codes.ts')),
    ...(await import('../../health/signs-of-life.ts')),
    ...(await import('../../secrets/key-ring.ts')),
    ...(await import('../../workers/directories/working-root.ts')),
    ...(await import('../../processes/first-environment.ts')),
    ...(await import('../../workers/horses/task-environment.ts')),
    ...(await import('../../workers/pulp-worker.ts')),
    ...(await import('../../workers/stray-errors.ts')),
    ...(await import('../../workers/runs/inline-output.ts')),
    ...(await import('../../cli/database-address.ts')),
    ...(await import('../../postgres/database-url.ts')),
  };
}
