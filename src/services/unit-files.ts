import { literal, program, timeSpan, unitText, word } from './unit-syntax.ts';

/** Whose systemd runs the services: that of the machine, or that of one user. */
export type Scope = 'system' | 'user';

/** What the services of the workers are to be. Paths are absolute. */
export interface ServiceSettings {
  readonly scope: Scope;
  /** How many reserved workers there are. */
  readonly workers: number;
  /** How many tasks a reserved worker has in hand. */
  readonly concurrency: number;
  /** The Node that runs them, and the script of the command line. */
  readonly node: string;
  readonly script: string;
  /** Their current folder. */
  readonly folder: string;
  readonly tasksFile: string;
  /** Settings of theirs, secrets too; only its path stands in a unit. */
  readonly environmentFile?: string | undefined;
  /** The account they run as, of the system's services. Default: one that systemd makes for them. */
  readonly account?: string | undefined;
  /** The root of their working directories. Default: a cache folder that systemd makes. */
  readonly workingRoot?: string | undefined;
  /** After a request to end, how long what runs may go on, in milliseconds. */
  readonly shutdownDeadlineMs: number;
  /** Whether this systemd knows pauses that grow from one restart to the next (version 254). */
  readonly growingPauses: boolean;
}

/** All services of ours together. */
export const TARGET = 'pulp-workers.target';
export const RESOURCE_MANAGER = 'pulp-resource-manager.service';
export const WORKER_TEMPLATE = 'pulp-worker@.service';

/** The first line of every file of ours, by which they are known. */
export const HEADING =
  '# Made by `pulp workers start`, removed by `pulp workers stop`; to change it: systemctl edit.';

/** Name of the folder that systemd makes for the workers, and of the account. */
const CACHE = 'pulp-workers';
const ACCOUNT = 'pulp-workers';

/** How long a worker may take to come online, or to say that it still tries, in milliseconds. */
const START_TIMEOUT_MS = 60_000;

/** After how long without a sign of life of its main loop a worker is started anew, in milliseconds. */
const WATCHDOG_MS = 60_000;

/** What a shutdown takes beyond its deadline: code that was told to end is killed, and its end recorded, in milliseconds. */
const SHUTDOWN_MARGIN_MS = 30_000;

/** The exit code of bad input: starting anew would not help. */
const BAD_INPUT = 2;

/** The service of the reserved worker with a number. */
function workerService(number: number): string {
  return WORKER_TEMPLATE.replace('@', `@${number}`);
}

/** Every service that the settings ask for. */
export function servicesOf({ workers }: Pick<ServiceSettings, 'workers'>): readonly string[] {
  return [RESOURCE_MANAGER, ...Array.from({ length: workers }, (_, number) => workerService(number))];
}

/** Whether a path lies where homes are, which a service's own account cannot enter. */
export function isInHome(path: string): boolean {
  return /^\/(home|root|run\/user)(\/|$)/.test(path);
}

/** The unit files, by name: a resource manager, a template for reserved workers, and a target that wants them all. */
export function unitFiles(settings: ServiceSettings): ReadonlyMap<string, string> {
  return new Map([
    [TARGET, target(settings)],
    [RESOURCE_MANAGER, service(settings, 'Pulp resource manager', 'resource-manager@%%h', 1)],
    [
      WORKER_TEMPLATE,
      service(settings, 'Pulp worker %i', 'reserved-resource-worker-%i@%%h', settings.concurrency),
    ],
  ]);
}

function target(settings: ServiceSettings): string {
  return unitText(HEADING, {
    Unit: [
      ['Description', 'Pulp workers'],
      ['Wants', servicesOf(settings).join(' ')],
    ],
    Install: [['WantedBy', settings.scope === 'system' ? 'multi-user.target' : 'default.target']],
  });
}

/** @param worker the worker's name, as a unit file has it: `%i` is the instance, `%%h` what `pulp` takes for the host */
function service(
  settings: ServiceSettings,
  description: string,
  worker: string,
  concurrency: number,
): string {
  const { node, script, folder, tasksFile, environmentFile, shutdownDeadlineMs, growingPauses } = settings;
  const command = [
    ...[program(node), word(script), 'worker'],
    ...['--name', worker],
    ...['--tasks', word(tasksFile)],
    ...['--concurrency', String(concurrency)],
    ...['--shutdown-deadline', timeSpan(shutdownDeadlineMs)],
  ];
  return unitText(HEADING, {
    Unit: [
      ['Description', description],
      ['PartOf', TARGET],
      ...(settings.scope === 'system'
        ? ([
            ['Wants', 'network-online.target'],
            ['After', 'network-online.target postgresql.service'],
          ] as const)
        : []),
      ['StartLimitIntervalSec', '0'], // it never gives up
    ],
    Service: [
      ['Type', 'notify'],
      ['NotifyAccess', 'all'], // notifications are sent by a child process
      ['ExecStart', `:${command.join(' ')}`],
      ['WorkingDirectory', literal(folder)],
      ...storage(settings),
      ['EnvironmentFile', environmentFile && literal(environmentFile)],
      ['SyslogIdentifier', '%N'],
      ['TimeoutStartSec', timeSpan(START_TIMEOUT_MS)],
      ['WatchdogSec', timeSpan(WATCHDOG_MS)],
      ['Restart', 'on-failure'],
      ['RestartSec', '2s'],
      ['RestartSteps', growingPauses ? '5' : undefined],
      ['RestartMaxDelaySec', growingPauses ? '60s' : undefined],
      ['RestartPreventExitStatus', String(BAD_INPUT)],
      ['KillMode', 'mixed'],
      ['TimeoutStopSec', timeSpan(shutdownDeadlineMs + SHUTDOWN_MARGIN_MS)],
      ['OOMPolicy', 'continue'], // the task that took the memory fails, its worker goes on
      ...hardening(settings),
    ],
  });
}

/** Where the workers' directories are. The folder of a dynamic account is a link elsewhere: here it has its real path. */
function storage({
  scope,
  account,
  workingRoot,
}: ServiceSettings): (readonly [string, string | undefined])[] {
  if (workingRoot !== undefined) {
    return [
      ['Environment', word(`PULP_WORKING_DIRECTORY=${workingRoot}`)],
      ['ReadWritePaths', scope === 'system' ? word(`-${workingRoot}`) : undefined], // -: it need not be there yet
    ];
  }
  const folder = scope === 'system' && account === undefined ? `private/${CACHE}` : CACHE;
  return [
    ['Environment', `PULP_WORKING_DIRECTORY=%C/${folder}`],
    ['CacheDirectory', CACHE],
    ['CacheDirectoryMode', '0700'],
  ];
}

/**
 * What the services cannot do. Memory that is both writable and executable stays allowed: V8 compiles into it. What needs
 * name spaces of its own is for the system's services only: a user's systemd often may not make them.
 */
function hardening(settings: ServiceSettings): (readonly [string, string | undefined])[] {
  const everywhere = [
    ['NoNewPrivileges', 'yes'],
    ['UMask', '0077'],
    ['LockPersonality', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['RestrictSUIDSGID', 'yes'],
    ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'], // the last one lists network interfaces
    ['SystemCallArchitectures', 'native'],
  ] as const;
  if (settings.scope === 'user') return [...everywhere];
  const { account, node, script, folder, tasksFile, workingRoot = '/' } = settings;
  const homes = [node, script, folder, tasksFile, workingRoot].some(isInHome);
  return [
    ['User', word(account ?? ACCOUNT)],
    ['DynamicUser', account === undefined ? 'yes' : undefined],
    ...everywhere,
    ['ProtectSystem', 'full'],
    ['ProtectHome', homes ? 'read-only' : 'yes'],
    ['PrivateTmp', 'yes'],
    ['ProtectClock', 'yes'],
    ['ProtectControlGroups', 'yes'],
    ['ProtectHostname', 'yes'],
    ['ProtectKernelLogs', 'yes'],
    ['ProtectKernelModules', 'yes'],
    ['ProtectKernelTunables', 'yes'],
  ];
}
