import { execFile } from 'node:child_process';
import { access, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PulpError } from '../errors.ts';
import { UNIT_NAMES, WORKER_PATTERN, type Found, type Step } from './service-plan.ts';
import type { Scope } from './unit-files.ts';

/** Everybody may read a unit file: it holds no secret. */
const UNIT_MODE = 0o644;

/** The version from which on the pauses between restarts can grow. */
const GROWING_PAUSES = 254;

/** How long a command waits for services that start, in milliseconds. They go on starting after it. */
const START_PATIENCE_MS = 60_000;

/** What `systemctl is-system-running` says where systemd runs. */
const RUNNING = ['initializing', 'starting', 'running', 'degraded', 'maintenance', 'stopping'];

/** Codes of the errors that mean that a file may not be changed. */
const REFUSALS = ['EACCES', 'EPERM', 'EROFS'];

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The systemd of this machine, or of this user: the unit files of the workers' services, and `systemctl`. */
export class Systemd {
  readonly scope: Scope;
  /** Where the unit files are. Absolute. */
  readonly folder: string;

  constructor(scope: Scope) {
    this.scope = scope;
    this.folder = unitFolder(scope);
  }

  /** What is in the way of services, if anything is: `NO_SYSTEMD` runs here, or it is `NOT_PERMITTED` to change them. */
  async problem(): Promise<PulpError | undefined> {
    const answer = await this.#systemctl(['is-system-running']);
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
    const answer = await this.#systemctl(['--version']);
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
    const answer = await this.#systemctl(listing);
    return { files, workers: answer?.stdout.match(/^pulp-worker@\S+\.service(?=\s)/gm) ?? [] };
  }

  /**
   * Takes a step.
   *
   * @throws PulpError NOT_PERMITTED, SERVICES_STARTING (they were not online within a minute) or SYSTEMCTL_FAILED
   */
  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write':
        return this.#change(step.file, (path) => writeUnit(path, step.text));
      case 'remove':
        return this.#change(step.file, (path) => rm(path, { force: true }));
      case 'systemctl':
        return this.#command(step.args);
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
        return ['systemctl', ...this.#arguments(step.args)].join(' ');
    }
  }

  async #change(file: string, change: (path: string) => Promise<void>): Promise<void> {
    await change(join(this.folder, file)).catch((error: unknown) => {
      throw isCode(error, ...REFUSALS) ? notPermitted(this.scope, error) : error;
    });
  }

  async #command(args: readonly string[]): Promise<void> {
    const starts = args[0] === 'start';
    const answer = await this.#systemctl(args, starts ? START_PATIENCE_MS : 0);
    if (answer === undefined) throw noSystemd(this.scope, 'there is no systemctl');
    if (answer.code === 0) return;
    const status = `systemctl ${this.scope === 'user' ? '--user ' : ''}status 'pulp-*'`;
    if (answer.code === TIMED_OUT) {
      throw new PulpError(
        'SERVICES_STARTING',
        `the workers were not online within ${START_PATIENCE_MS / 1000} s; they go on trying`,
        { remedy: `See what they wait for, such as the database, by \`${status}\`.` },
      );
    }
    const said = answer.stderr.trim() || `exit code ${answer.code}`;
    throw new PulpError('SYSTEMCTL_FAILED', `systemctl ${args[0] ?? ''} failed: ${said}`, {
      remedy: `\`${status}\` tells more; the same command again goes on from here.`,
    });
  }

  #arguments(args: readonly string[]): readonly string[] {
    return this.scope === 'user' ? ['--user', ...args] : args;
  }

  /** Undefined: there is no such program. */
  #systemctl(args: readonly string[], patienceMs = 0): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const options = { timeout: patienceMs, encoding: 'utf8' } as const;
      execFile('systemctl', this.#arguments(args), options, (error, stdout, stderr) => {
        resolve(error?.code === 'ENOENT' ? undefined : { code: exitCode(error), stdout, stderr });
      });
    });
  }
}

/** In place of the exit code of a program that was not waited for any longer. */
const TIMED_OUT = -1;

function exitCode(error: { code?: unknown; killed?: boolean } | null): number {
  if (error === null) return 0;
  return error.killed === true ? TIMED_OUT : Number(error.code ?? 1);
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
