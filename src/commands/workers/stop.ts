import * as Flags from '@oclif/core/flags';
import { prose } from '../../cli/prose.ts';
import { PulpCommand } from '../../cli/pulp-command.ts';

export default class Stop extends PulpCommand {
  static override readonly summary = 'Stop the workers that systemd runs, and remove their services.';
  static override readonly description = prose(`
Waits until they have finished what runs, at most for the deadline that \`pulp workers start\` gave them. Tasks that had not
begun stay. Workers that something else runs are left alone.`);
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  static override readonly flags = {
    user: Flags.boolean({ summary: 'The services of your own, not those of the system.' }),
    'dry-run': Flags.boolean({ summary: 'Print what would be done; do nothing.', default: false }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Stop);
    const { carryOut, stopPlan } = await import('../../systemd/manage-workers.ts');
    const { Systemd } = await import('../../systemd/systemd.ts');
    const systemd = new Systemd(flags.user ? 'user' : 'system');
    const problem = await systemd.problem();
    if (problem !== undefined && !flags['dry-run']) throw problem;
    const found = await systemd.find();
    const plan = stopPlan(found);
    const steps = plan.steps.map((step) => systemd.describe(step));
    if (flags['dry-run']) {
      this.log(steps.length === 0 ? 'nothing to do' : steps.join('\n'));
    } else {
      await carryOut(plan, found, systemd, (step) => {
        this.logToStderr(step);
      });
      this.log(steps.length === 0 ? 'there were none' : 'stopped and removed');
    }
    return { dry_run: flags['dry-run'], steps };
  }
}
