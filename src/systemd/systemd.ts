import { access, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PulpError } from '../errors.ts';
import { UNIT_NAMES, WORKER_PATTERN, type Found, type Step } from './service-plan.ts';
import type { Scope } from './service-settings.ts';
import {
  failureReason,
  parseUnitStates,
  standing,
  STATE_PROPERTIES,
  type UnitState,
} from './service-states.ts';
import { journalOf, scopeArguments, systemctl, TIMED_OUT } from './systemctl.ts';

/** Everybody may read a unit file: it holds no secret. */
const UNIT_MODE = 0o644;

/** The version from which on the pauses between restarts can grow. */
const GROWING_PAUSES = 254;

/** How long a command waits for services that start, in milliseconds. They go on starting after it. */
const START_PATIENCE_MS = 60_000;

/** After how long a service that is to end is taken to have tasks in hand, in milliseconds: nobody waits for those. */
const FINISH_PATIENCE_MS = 5000;

/** How often services that start anew are looked at, in milliseconds. */
const LOOK_MS = 250;

/** What `systemctl is-system-running` says where systemd runs. */
const RUNNING = ['initializing', 'starting', 'running', 'degraded', 'maintenance', 'stopping'];

/** Codes of the errors that mean that a file may not be changed. */
const REFUSALS = ['EACCES', 'EPERM', 'EROFS'];

/** The systemd of this machine, or of this user: the unit files of the workers' services, and `systemctl`. */
export class Systemd {
  readonly scope: Scope;
  /** Where the unit files are. Absolute. */
  readonly folder: string;
  /** Since when steps are taken, in seconds since 1970: what the journal has from before is not of our doing. */
  readonly #since = Date.now() / 1000;

  constructor(scope: Scope) {
    this.scope = scope;
    this.folder = unitFolder(scope);
  }

  /** What is in the way of services, if anything is: `NO_SYSTEMD` runs here, or it is `NOT_PERMITTED` to change them. */
  async problem(): Promise<PulpError | undefined> {
    const answer = await systemctl(this.scope, ['is-system-running']);
    if (answer === undefined) return noSystemd(this.scope, 'there is no systemctl');
    if (!RUNNING.includes(answer.stdout.trim())) {
      return noSystemd(this.scope, answer.stderr.trim() || `it is ${answer.stdout.trim() || 'silent'}`);
    }
    try {
      await access(this.folder, constants.W_OK);
    } catch (error) {
      if (!isCode(error, 'ENOENT')) return notPermitted(this.scope, error);
    }
    return undefined;
  }

  /** Whether pauses between restarts can grow; no where systemd is not to be found. */
  async hasGrowingPauses(): Promise<boolean> {
    const answer = await systemctl(this.scope, ['--version']);
    return Number(/^systemd (\d+)/.exec(answer?.stdout ?? '')?.[1] ?? 0) >= GROWING_PAUSES;
  }

  /** What there is of the services. Where systemd does not run, it has none in hand. */
  async find(): Promise<Found> {
    const files = new Map<string, string>();
    for (const name of UNIT_NAMES) {
      const text = await readFile(join(this.folder, name), 'utf8').catch(unlessMissing);
      if (text !== undefined) files.set(name, text);
    }
    const listing = ['list-units', '--all', '--plain', '--full', '--no-legend', WORKER_PATTERN];
    const answer = await systemctl(this.scope, listing);
    return { files, workers: answer?.stdout.match(/^pulp-worker@\S+\.service(?=\s)/gm) ?? [] };
  }

  /**
   * Takes a step; gives the services that were not waited for, since they finish what runs before they start anew.
   *
   * @throws PulpError NOT_PERMITTED, SETTINGS_REFUSED (nothing else has changed), SERVICES_STARTING (they were not online
   *   within a minute) or SYSTEMCTL_FAILED
   */
  async take(step: Step): Promise<readonly string[]> {
    switch (step.kind) {
      case 'write':
        await this.#change(step.file, (path) => writeUnit(path, step.text));
        return [];
      case 'remove':
        await this.#change(step.file, (path) => rm(path, { force: true }));
        return [];
      case 'systemctl':
        await this.#command(step.args);
        return [];
      case 'check':
        await this.#check(step.file, step.text);
        return [];
      case 'await':
        return await this.#await(step.services);
    }
  }

  /** A step as one would do it by hand. */
  describe(step: Step): string {
    switch (step.kind) {
      case 'write':
        return `write ${join(this.folder, step.file)}`;
      case 'remove':
        return `remove ${join(this.folder, step.file)}`;
      case 'systemctl':
        return this.#byHand(...step.args);
      case 'check':
        return `check the settings: ${this.#byHand('start', step.file)}`;
      case 'await':
        return `see how they start: ${this.#byHand('status', ...step.services)}`;
    }
  }

  async #change(file: string, change: (path: string) => Promise<void>): Promise<void> {
    await change(join(this.folder, file)).catch((error: unknown) => {
      throw isCode(error, ...REFUSALS) ? notPermitted(this.scope, error) : error;
    });
  }

  async #command(args: readonly string[]): Promise<void> {
    const starts = args[0] === 'start';
    const answer = await systemctl(this.scope, args, starts ? START_PATIENCE_MS : 0);
    if (answer === undefined) throw noSystemd(this.scope, 'there is no systemctl');
    if (answer.code === 0) return;
    if (answer.code === TIMED_OUT) throw this.#stillStarting();
    const said = answer.stderr.trim() || `exit code ${answer.code}`;
    const [unit] = /pulp-[\w@-]+\.service/.exec(said) ?? [];
    const reason = starts && unit !== undefined ? await this.#reason(unit) : undefined;
    throw this.#failed(`systemctl ${args[0] ?? ''} failed: ${said}`, reason);
  }

  /** A caller that waits for these sees them running with their new settings. */
  async #await(services: readonly string[]): Promise<readonly string[]> {
    const begun = performance.now();
    for (;;) {
      const states = await this.#states(services);
      const failed = states.find((state) => standing(state) === 'failed');
      if (failed !== undefined) {
        const unit = failed['Id'] ?? '';
        throw this.#failed(`${unit} does not start`, await this.#reason(unit, failed));
      }
      const waitedMs = performance.now() - begun;
      const ids = (which: string) =>
        states.flatMap((state) => (standing(state) === which ? (state['Id'] ?? []) : []));
      const starting = ids('starting').length > 0;
      const finishing = ids('finishing');
      if (!starting && (finishing.length === 0 || waitedMs > FINISH_PATIENCE_MS)) return finishing;
      if (waitedMs > START_PATIENCE_MS) throw this.#stillStarting();
      await pause(LOOK_MS);
    }
  }

  async #check(file: string, text: string): Promise<void> {
    await this.#change(file, (path) => writeUnit(path, text));
    try {
      await this.#command(['daemon-reload']);
      const answer = await systemctl(this.scope, ['start', file], START_PATIENCE_MS);
      if (answer?.code === 0) return;
      const reason = (await this.#reason(file)) ?? answer?.stderr.trim() ?? 'there is no systemctl';
      throw new PulpError('SETTINGS_REFUSED', `workers cannot run with these settings: ${reason}`, {
        remedy: 'Set it right and do the same again; nothing has changed until then.',
        exitCode: 2,
      });
    } finally {
      await this.#change(file, (path) => rm(path, { force: true }));
      await systemctl(this.scope, ['daemon-reload']);
      await systemctl(this.scope, ['reset-failed', file.replace('.', '*.')]);
    }
  }

  async #states(units: readonly string[]): Promise<readonly UnitState[]> {
    const answer = await systemctl(this.scope, ['show', `--property=${STATE_PROPERTIES.join()}`, ...units]);
    return parseUnitStates(answer?.stdout ?? '');
  }

  async #reason(unit: string, known?: UnitState): Promise<string | undefined> {
    const [state] = known === undefined ? await this.#states([unit]) : [known];
    return failureReason(state, await journalOf(this.scope, unit, this.#since));
  }

  #stillStarting(): PulpError {
    return new PulpError(
      'SERVICES_STARTING',
      `the workers were not online within ${START_PATIENCE_MS / 1000} s; they go on trying`,
      {
        remedy: `See what they wait for, such as the database, by \`${this.#byHand('status', "'pulp-*'")}\`.`,
      },
    );
  }

  #failed(what: string, reason: string | undefined): PulpError {
    return new PulpError('SYSTEMCTL_FAILED', reason === undefined ? what : `${what}\n${reason}`, {
      remedy: `\`${this.#byHand('status', "'pulp-*'")}\` tells more; the same command again goes on from here.`,
    });
  }

  #byHand(...args: readonly string[]): string {
    return ['systemctl', ...scopeArguments(this.scope), ...args].join(' ');
  }
}

function unitFolder(scope: Scope): string {
  if (scope === 'system') return '/etc/systemd/system';
  const config = process.env['XDG_CONFIG_HOME'];
  return join(config !== undefined && config !== '' ? config : join(homedir(), '.config'), 'systemd', 'user');
}

/** Whole or not at all: systemd may look at any time. */
async function writeUnit(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const draft = `${path}.new`;
  await writeFile(draft, text, { mode: UNIT_MODE });
  await rename(draft, path);
}

function unlessMissing(error: unknown): undefined {
  if (isCode(error, 'ENOENT')) return undefined;
  throw error;
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

function notPermitted(scope: Scope, cause: unknown): PulpError {
  return new PulpError('NOT_PERMITTED', `the unit files cannot be changed: ${(cause as Error).message}`, {
    remedy:
      scope === 'system'
        ? 'Run it as root, or with --user for services of your own.'
        : 'See that the folder can be written.',
    cause,
  });
}

function noSystemd(scope: Scope, why: string): PulpError {
  const whose = scope === 'user' ? 'of this user ' : '';
  return new PulpError('NO_SYSTEMD', `systemd ${whose}is not running here: ${why}`, {
    remedy:
      'Let the supervisor of your choice run `pulp worker`, one process a worker; --dry-run shows how systemd would.',
  });
}
