import * as Flags from '@oclif/core/flags';
import { formatDuration } from '../../duration.ts';
import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';
import { formatTable } from '../../cli/table.ts';
import { PulpError } from '../../errors.ts';

export default class Check extends PulpCommand {
  static override readonly summary = 'Check that workers of this machine live, for probes of containers.';
  static override readonly description = prose(`
Exits with 0 if every worker below PULP_WORKING_DIRECTORY lives, with 1 if one does not or there is none. A worker lives if
its process is there and its main loop gave a sign of life within 10 s, which it does every second. The database is not
asked: while that is away a worker lives, and comes back by itself. With --ready, it also has to be online.`);
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name reserved-resource-worker-1@%h --ready',
  ];

  static override readonly flags = {
    name: Flags.string({ helpValue: 'NAME', summary: 'The worker of this name alone; %h is the host.' }),
    ready: Flags.boolean({ summary: 'It also takes tasks.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Check);
    const { checkWorkers } = await import('../../health/worker-check.ts');
    const { openWorkingRoot, workingRoot } = await import('../../workers/directories/working-root.ts');
    const { workerName } = await import('../../workers/worker-name.ts');
    const root = workingRoot();
    openWorkingRoot(root)?.[Symbol.dispose](); // in one that others could change, they would say how we fare
    const name = flags.name?.includes('%h') ? await workerName(flags.name) : flags.name;
    const checks = await checkWorkers(root, name);
    if (checks.length === 0) {
      throw new PulpError('NO_WORKER', `there is no worker ${name ?? ''} below ${root}`.replace('  ', ' '), {
        remedy: 'Start one by `pulp worker`, or name its root by PULP_WORKING_DIRECTORY.',
      });
    }
    const failing = checks.filter(({ problem }) => problem !== null && (problem.dead || flags.ready));
    if (failing.length > 0) {
      const dead = failing.some(({ problem }) => problem?.dead);
      throw new PulpError(
        dead ? 'WORKER_NOT_ALIVE' : 'WORKER_NOT_READY',
        failing.map(({ worker, problem }) => `worker ${worker} ${problem?.text ?? ''}`).join('; '),
        { remedy: dead ? 'Start it anew; its log tells why it ended.' : 'It comes online by itself.' },
      );
    }
    this.log(
      formatTable(
        ['NAME', 'STATE', 'PID', 'SIGN OF LIFE'],
        checks.map(({ worker, state, pid, ageMs }) => [worker, state, String(pid), formatDuration(ageMs)]),
      ),
    );
    return checks.map(({ ageMs, ...check }) => ({ ...check, age_ms: ageMs }));
  }
}
