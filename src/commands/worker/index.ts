import * as Flags from '@oclif/core/flags';
import type { Logger } from 'pino';
import { DatabaseCommand } from '../../cli/database-command.ts';
import { prose } from '../../cli/prose.ts';
import { PulpError } from '../../errors.ts';
import type { TaskRegistry } from '../../tasks/task-registry.ts';
import type { PulpWorker } from '../../workers/pulp-worker.ts';

export default class Worker extends DatabaseCommand {
  static override readonly summary = 'Run a worker.';
  static override readonly description = prose(`
Takes tasks from its queues and runs them until it is told to end. The first SIGTERM or SIGINT lets what runs finish; a
second one ends it at once, and its tasks are recorded as canceled. Its log goes to stderr, one JSON object a line, at
the level PULP_LOG_LEVEL (default: info).

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
      summary: 'Its name; %h is the host. Default: made of process and host.',
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
    }),
    tasks: Flags.string({
      helpValue: 'FILE',
      summary: 'Its task types. Default: pulp.tasks.{ts,js,mjs} in this folder.',
    }),
    'max-tasks-per-horse': Flags.integer({
      helpValue: 'N',
      summary: 'After how many tasks a child process is replaced.',
      default: 100,
      min: 1,
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Worker);
    const { PulpWorker } = await import('../../workers/pulp-worker.ts');
    const { workerLog } = await import('../../cli/worker-log.ts');
    const log = workerLog();
    const { file, registry } = await taskTypes(flags.tasks, flags.name);
    const worker = await PulpWorker.create({
      registry,
      concurrency: flags.concurrency,
      maxTasksPerHorse: flags['max-tasks-per-horse'],
      log,
      ...(file && { tasksFile: file }),
      ...(flags.name && { name: flags.name }),
      ...(flags.queue && { queues: flags.queue }),
    });
    stopOnSignals(worker, log.child({ worker: worker.name }));
    await worker.run();
    return { name: worker.name, state: 'offline' };
  }
}

/** The first signal lets what runs finish, the next one ends it. */
function stopOnSignals(worker: PulpWorker, log: Logger): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) {
      log.warn({ signal, running: worker.running }, 'ends what runs: its tasks will be canceled');
      worker.kill();
      return;
    }
    stopping = true;
    log.info(
      { signal, running: worker.running },
      'stops when what runs has finished; a second signal ends it at once',
    );
    worker.stop();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}

async function taskTypes(
  given: string | undefined,
  name: string | undefined,
): Promise<{ file?: string; registry: TaskRegistry }> {
  const { findTasksFile, loadTaskTypes } = await import('../../tasks/task-registry.ts');
  const { isResourceManager } = await import('../../workers/worker-name.ts');
  const file = given ?? (await findTasksFile());
  if (file !== undefined) return { file, registry: await loadTaskTypes(file) };
  if (name !== undefined && isResourceManager(name)) return { registry: new Map() };
  throw new PulpError('NO_TASKS_FILE', 'there is no pulp.tasks.ts, .js or .mjs in this folder', {
    remedy: 'Name the file that exports your task types by --tasks.',
    exitCode: 2,
  });
}
