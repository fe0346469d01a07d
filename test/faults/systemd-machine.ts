import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { isLong } from './scale.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where the project is on such a machine. */
const PULP = '/opt/pulp';

/** The tree of a small Debian, made once and never written to again. */
const TREE = '/var/tmp/pulp-test-debian-12';

/** Downloads of a whole system take long. */
const BOOTSTRAP_MS = 600_000;

/** How long the container may take to be up, and a command in it to end, in milliseconds. */
const BOOT_MS = 120_000;
const COMMAND_MS = 180_000;

/** How a command on the machine ended and what it wrote. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why there can be no such machine here, or false. */
export const noSystemdMachine =
  (!isLong && 'is for PULP_FAULTS=long') ||
  (process.platform !== 'linux' && 'is for Linux') ||
  (process.getuid?.() !== 0 && 'only root can boot a container') ||
  (missing().length > 0 &&
    `there is no ${missing().join(', no ')}: apt-get install debootstrap systemd-container`);

function missing(): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return ['systemd-nspawn', 'nsenter', ...(existsSync(TREE) ? [] : ['debootstrap'])].filter(
    (program) => !folders.some((folder) => existsSync(join(folder, program))),
  );
}

/**
 * A Debian with a systemd of its own as process 1, in a container with the network of this machine. What it writes is gone
 * with it: `await using machine = await SystemdMachine.boot(folder)`.
 */
export class SystemdMachine implements AsyncDisposable {
  readonly #container: ChildProcess;
  readonly #leader: string;

  private constructor(container: ChildProcess, leader: string) {
    this.#container = container;
    this.#leader = leader;
  }

  /** @param app a folder of this machine, which is /srv/app there */
  static async boot(app: string): Promise<SystemdMachine> {
    await makeTree();
    const container = spawn(
      'systemd-nspawn',
      [
        ...['--quiet', '--boot', '--register=no', '--keep-unit', '--console=pipe'],
        ...[`--directory=${TREE}`, '--volatile=overlay', '--machine=pulp-test'],
        ...[`--bind-ro=${ROOT}:${PULP}`, `--bind=${app}:/srv/app`],
      ],
      {
        stdio: ['pipe', 'ignore', 'inherit'],
        env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1', SYSTEMD_NSPAWN_LOCK: '0' },
      },
    );
    const children = `/proc/${container.pid ?? 0}/task/${container.pid ?? 0}/children`;
    return await eventually(
      'the container is up',
      async () => {
        const [leader] = (await readFile(children, 'utf8')).trim().split(' ');
        if (leader === undefined || leader === '') return false;
        const machine = new SystemdMachine(container, leader);
        const { stdout } = await machine.run(['systemctl', 'is-system-running']);
        return /^(running|degraded)$/m.test(stdout) && machine;
      },
      { timeout: BOOT_MS },
    );
  }

  /** Runs a program there as root, in /srv/app. */
  async run(command: readonly string[], settings: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value ?? ''}`);
    const args = ['--target', this.#leader, '--all', '--root', '--wd=/', '--'];
    const program = [
      'env',
      '-i',
      '-C',
      '/srv/app',
      'PATH=/usr/bin:/bin:/usr/sbin',
      ...assignments,
      ...command,
    ];
    try {
      return {
        code: 0,
        ...(await run('nsenter', [...args, ...program], {
          timeout: COMMAND_MS,
          maxBuffer: 64 * 1024 * 1024,
        })),
      };
    } catch (error) {
      const { code, stdout, stderr } = error as Ran;
      return { code, stdout, stderr };
    }
  }

  /** Runs a command line of the project there. */
  pulp(args: readonly string[], settings: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return this.run([`${PULP}/node_modules/.bin/node`, `${PULP}/bin/run.js`, ...args], settings);
  }

  /** A property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.run(['systemctl', 'show', '--value', `--property=${name}`, unit])).stdout.trim();
  }

  /** What the journal has of a unit. */
  async journal(unit: string): Promise<readonly { readonly PRIORITY: string; readonly MESSAGE: string }[]> {
    const { stdout } = await this.run(['journalctl', '--quiet', '--all', '--output=json', `--unit=${unit}`]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as { PRIORITY: string; MESSAGE: string });
  }

  /** Switches it off in good order, so that services stop as at a shutdown. */
  async shutDown(): Promise<void> {
    const exited = once(this.#container, 'exit');
    this.#container.kill('SIGTERM');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#container.exitCode !== null || this.#container.signalCode !== null) return;
    const exited = once(this.#container, 'exit');
    process.kill(Number(this.#leader), 'SIGKILL');
    await exited;
  }
}

async function makeTree(): Promise<void> {
  if (existsSync(TREE)) return;
  const draft = `${TREE}.new`;
  await rm(draft, { recursive: true, force: true });
  // Without libnss-systemd, as small systems are: accounts that systemd makes are then in no list.
  const packages = '--include=systemd,systemd-sysv,dbus,procps';
  await run('debootstrap', ['--variant=minbase', packages, 'bookworm', draft], { timeout: BOOTSTRAP_MS });
  await rename(draft, TREE);
}
