import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as Flags from '@oclif/core/flags';
import { MOST } from '../../counts.ts';
import { parseDuration } from '../../duration.ts';
import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';
import { errorText } from '../../cli/report-error.ts';
import type { ServiceSettings } from '../../systemd/service-settings.ts';

const SCRIPT = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

export default class Start extends PulpCommand {
  static override readonly summary = 'Have systemd run the workers of this machine.';
  static override readonly description = prose(`
Writes and starts services: a resource manager, and PULP_CONCURRENCY reserved workers (default: one a processor), which come
back when the machine starts or one of them fails. The same again with other settings changes them: services too many end,
and those that change start anew, when they have finished what runs; so they do when the content of the environment file or of
the tasks file has changed. Settings are checked first, where the workers will run and as who they will be; what is refused changes
nothing. \`pulp workers stop\` ends and removes them all.

Everybody can read a unit file, so DATABASE_URL and other secrets stand in the file named by --environment-file, as NAME=value lines;
\`chmod 600\` it. The system's services run as an account that systemd makes for them, which can write to their own folder
alone, unless --run-as names one; with --user they run as you, and from boot on only after \`loginctl enable-linger\`.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    'PULP_CONCURRENCY=8 <%= config.bin %> <%= command.id %> --environment-file /etc/pulp/workers.env --run-as pulp',
    '<%= config.bin %> <%= command.id %> --user --environment-file ~/.config/pulp/workers.env --tasks ./tasks.ts',
  ];

  static override readonly flags = {
    user: Flags.boolean({ summary: 'As services of your own, not of the system.' }),
    tasks: Flags.string({
      helpValue: 'PATH',
      summary:
        'A file of their task types, or a folder of them; can be repeated. Default: PULP_TASKS, else pulp.tasks.{ts,js,mjs} in this folder.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    concurrency: Flags.integer({
      helpValue: 'N',
      summary: 'How many tasks a reserved worker has in hand.',
      default: 1,
      min: 1,
      max: MOST,
    }),
    'environment-file': Flags.string({ helpValue: 'FILE', summary: 'Their environment, with DATABASE_URL.' }),
    'run-as': Flags.string({ helpValue: 'NAME', summary: 'The account they run as.', exclusive: ['user'] }),
    'shutdown-deadline': Flags.string({
      helpValue: '10m',
      summary: 'How long what runs may go on when they are to end.',
      default: '10m',
    }),
    'dry-run': Flags.boolean({
      summary: 'Print the unit files and what would be done; do nothing.',
      default: false,
    }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Start);
    const { requireTasksPaths, tasksFilesAt } = await import('../../tasks/tasks-files.ts');
    const { carryOut, reservedWorkers, startPlan, startProblems } =
      await import('../../systemd/manage-workers.ts');
    const { Systemd } = await import('../../systemd/systemd.ts');
    const { revisionOf } = await import('../../systemd/revision.ts');
    const systemd = new Systemd(flags.user ? 'user' : 'system');
    const workingRoot = process.env['PULP_WORKING_DIRECTORY'];
    const tasksPaths = await requireTasksPaths(flags.tasks);
    const environmentFile = flags['environment-file'] && resolve(flags['environment-file']);
    const settings: ServiceSettings = {
      scope: systemd.scope,
      workers: reservedWorkers(),
      concurrency: flags.concurrency,
      node: process.execPath,
      script: SCRIPT,
      folder: process.cwd(),
      tasksPaths,
      environmentFile,
      account: flags['run-as'],
      workingRoot: workingRoot === undefined || workingRoot === '' ? undefined : resolve(workingRoot),
      shutdownDeadlineMs: parseDuration(flags['shutdown-deadline'], '--shutdown-deadline'),
      growingPauses: await systemd.hasGrowingPauses(),
      revision: await revisionOf([environmentFile, ...(await tasksFilesAt(tasksPaths))]),
    };
    for (const problem of await startProblems(settings, systemd)) {
      if (!flags['dry-run']) throw problem;
      this.logToStderr(errorText(problem));
    }
    const found = await systemd.find();
    const plan = startPlan(settings, found);
    const steps = plan.steps.map((step) => systemd.describe(step));
    const units = Object.fromEntries(
      [...plan.files].map(([name, text]) => [`${systemd.folder}/${name}`, text]),
    );
    if (flags['dry-run']) {
      for (const [path, text] of Object.entries(units)) this.log(`# ${path}\n${text}`);
      this.log(steps.map((step) => `# then: ${step}`).join('\n'));
    } else {
      const finishing = await carryOut(plan, found, systemd, (step) => {
        this.logToStderr(step);
      });
      this.log(
        `1 resource manager, ${settings.workers} reserved ${settings.workers === 1 ? 'worker' : 'workers'}`,
      );
      if (finishing.length > 0) {
        this.log(
          `not waited for, since they finish what runs before they start anew: ${finishing.join(', ')}`,
        );
      }
    }
    return { dry_run: flags['dry-run'], workers: settings.workers, units, steps };
  }
}
