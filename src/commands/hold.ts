import * as Flags from '@oclif/core/flags';
import { once } from 'node:events';
import { actorFlag } from '../cli/actor-flag.ts';
import { prose } from '../cli/prose.ts';
import { parseUnits, sharedResourceFlag, unitsFlag } from '../cli/claim-flags.ts';
import { WaitingCommand } from '../cli/waiting-command.ts';
import { PulpError } from '../errors.ts';
import type { EndSignal } from '../processes/end-signals.ts';

export default class Hold extends WaitingCommand {
  static override readonly summary =
    'Hold resources while a command runs, in one line with the tasks that claim them.';
  static override readonly description = prose(`
Waits until all of them are granted at once, runs the command with a token in PULP_FENCE that rises from one holder to the next, lets go
of them when it ends, and exits as it does. Ctrl-C ends the command, or the wait, as SIGTERM and SIGHUP do.

The command is ended, with its process group, if the hold is over before it: after --for; when an operator lets go of it
(pulp.release_hold); when the database could not be reached for most of 30 seconds, for then others may have what it held; when this process is killed. A shorter
outage changes nothing: what cannot be let go of is told, and runs out within 30 seconds.

Without a command they are held until Ctrl-C, or for --for.`);
  static override readonly usage = '<%= command.id %> RESOURCE... [FLAGS] [-- COMMAND...]';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> /repositories/1/ --reason backup -- rsync -a /srv/1/ backup:/srv/1/',
    '<%= config.bin %> <%= command.id %> --shared-resource /repositories/1/ --for 30m -- ./report.sh',
    '<%= config.bin %> <%= command.id %> /db/ --for 1h --reason "a migration by hand"',
  ];

  static override readonly strict = false;

  static override readonly flags = {
    'shared-resource': sharedResourceFlag,
    units: unitsFlag,
    for: Flags.string({
      helpValue: '30m',
      summary: 'For how long at most. Default: until the command ends.',
    }),
    reason: Flags.string({ helpValue: 'TEXT', summary: 'What for, for all who ask why they wait.' }),
    actor: actorFlag,
  };

  async run(): Promise<unknown> {
    const dashes = this.argv.indexOf('--');
    const command = dashes === -1 ? [] : this.argv.slice(dashes + 1);
    const { argv, flags } = await this.parse(Hold, dashes === -1 ? this.argv : this.argv.slice(0, dashes));
    if (dashes !== -1 && command.length === 0) {
      throw new PulpError('BAD_USAGE', 'there is no command after --', {
        remedy: 'Name one, or leave -- out.',
        exitCode: 2,
      });
    }
    const { holdResources } = await import('../tasks/resource-holds.ts');
    // Beside the "await using" below, tsc would leave the name of the source in what it builds.
    const { checkProgram, runHeld } = await import('../cli/held-command.ts');
    const { exitCodeOf, onEndSignal } = await import('../processes/end-signals.ts');
    if (command[0] !== undefined) checkProgram(command[0]);
    await this.noticeIfNobodyWorks(); // it is a worker that leads, and grants
    const interruption = new AbortController();
    const unheard = onEndSignal((signal) => {
      interruption.abort(signal);
    });
    try {
      await using hold = await holdResources(argv as string[], {
        sharedResources: flags['shared-resource'] ?? [],
        units: flags.units === undefined ? {} : parseUnits(flags.units),
        reason: flags.reason,
        for: flags.for,
        signal: interruption.signal,
      });
      const until = hold.until === null ? '' : ` until ${hold.until.toISOString()}`;
      this.logToStderr(`Held${until}, with fence ${hold.fence}.`);
      if (command.length === 0) {
        await this.#keep(hold.signal, interruption.signal);
        if (flags.for === undefined) hold.signal.throwIfAborted();
      } else {
        const warn = (warning: string) => {
          this.logToStderr(`Warning: ${warning}.`);
        };
        process.exitCode = await runHeld(hold, command, { interruption: interruption.signal, warn });
      }
      return { id: hold.id, fence: hold.fence };
    } catch (error) {
      if (!interruption.signal.aborted || error !== interruption.signal.reason) throw error;
      process.exitCode = exitCodeOf(interruption.signal.reason as EndSignal);
      this.logToStderr('Interrupted.');
      return undefined;
    } finally {
      unheard();
    }
  }

  /** Until somebody interrupts it, or it is over. */
  async #keep(over: AbortSignal, interruption: AbortSignal): Promise<void> {
    const alive = setInterval(() => undefined, 60_000);
    try {
      if (!interruption.aborted && !over.aborted)
        await Promise.race([once(interruption, 'abort'), once(over, 'abort')]);
    } finally {
      clearInterval(alive);
    }
  }
}
