import { BAD_INPUT, STOPPED_SOME } from '../processes/exit-codes.ts';
import type { ServiceSettings } from './service-settings.ts';
import { hardening } from './unit-hardening.ts';
import { literal, program, timeSpan, unitText, word } from './unit-syntax.ts';

/** All services of ours together. */
export const TARGET = 'pulp-workers.target';
export const RESOURCE_MANAGER = 'pulp-resource-manager.service';
export const WORKER_TEMPLATE = 'pulp-worker@.service';

/** Checks the settings as the services will have them, and is there no longer than that. */
export const SETTINGS_CHECK = 'pulp-worker-check.service';

/** The first line of every file of ours, by which they are known. */
export const HEADING =
  '# Made by `pulp workers start`, removed by `pulp workers stop`; to change it: systemctl edit.';

/** Name of the folder that systemd makes for the workers of its own account; those of a named one have a folder of their own. */
const CACHE = 'pulp-workers';

/** How long a worker may take until it says for the first time that it starts, in milliseconds; from then on it asks for more. */
const START_TIMEOUT_MS = 180_000;

/** How long a check of the settings may take, in milliseconds. */
const CHECK_TIMEOUT_MS = 50_000;

/** After how long without a sign of life of its main loop a worker is started anew, in milliseconds. */
const WATCHDOG_MS = 60_000;

/** How long a process that the watchdog aborts may take to end, in milliseconds: it may not be able to. */
const ABORT_TIMEOUT_MS = 10_000;

/** What a shutdown takes beyond its deadline: code that was told to end is killed, and its end recorded, in milliseconds. */
const SHUTDOWN_MARGIN_MS = 30_000;

/**
 * How many lines a service may write into the journal within `LOG_INTERVAL_MS`; the journal drops what is beyond, whoever
 * wrote it. Output of tasks is cut short before that, see `JournalBudget`, so that the worker itself is always heard.
 */
const LOG_BURST = 40_000;
const LOG_INTERVAL_MS = 30_000;

/** The service of the reserved worker with a number. */
function workerService(number: number): string {
  return WORKER_TEMPLATE.replace('@', `@${number}`);
}

/** Every service that the settings ask for. */
export function servicesOf({ workers }: Pick<ServiceSettings, 'workers'>): readonly string[] {
  return [RESOURCE_MANAGER, ...Array.from({ length: workers }, (_, number) => workerService(number))];
}

/** The unit files, by name: a resource manager, a template for reserved workers, and a target that wants them all. */
export function unitFiles(settings: ServiceSettings): ReadonlyMap<string, string> {
  const heading = `${HEADING}\n# Revision of the files that it reads: ${settings.revision}`;
  return new Map([
    [TARGET, target(settings)],
    [
      RESOURCE_MANAGER,
      service(heading, settings, {
        description: 'Pulp resource manager',
        worker: 'resource-manager@%%h',
        concurrency: 1,
      }),
    ],
    [
      WORKER_TEMPLATE,
      service(heading, settings, {
        description: 'Pulp worker %i',
        worker: 'reserved-resource-worker-%i@%%h',
        concurrency: settings.concurrency,
      }),
    ],
  ]);
}

/** The unit of a service that checks the settings where the workers will run, as who they will be, with what they will read. */
export function settingsCheckUnit(settings: ServiceSettings): string {
  const worker = 'reserved-resource-worker-0@%%h';
  return unitText(HEADING, {
    Unit: [['Description', 'Check of the settings of Pulp workers']],
    Service: [
      ['Type', 'oneshot'],
      ['ExecStart', command(settings, { worker, concurrency: settings.concurrency }, '--dry-run')],
      ...surroundings(settings),
      ['TimeoutStartSec', timeSpan(CHECK_TIMEOUT_MS)],
      ...hardening(settings),
    ],
  });
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

interface WorkerUnit {
  /** The worker's name, as a unit file has it: `%i` is the instance, `%%h` what `pulp` takes for the host. */
  readonly worker: string;
  readonly concurrency: number;
}

function service(
  heading: string,
  settings: ServiceSettings,
  { description, ...unit }: WorkerUnit & { readonly description: string },
): string {
  const { scope, shutdownDeadlineMs, growingPauses } = settings;
  return unitText(heading, {
    Unit: [
      ['Description', description],
      ['PartOf', TARGET],
      ...(scope === 'system'
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
      ['ExecStart', command(settings, unit)],
      ...surroundings(settings),
      ['Delegate', 'yes'], // its control group is the worker's to divide
      ['LogRateLimitIntervalSec', timeSpan(LOG_INTERVAL_MS)],
      ['LogRateLimitBurst', String(LOG_BURST)],
      ['TimeoutStartSec', timeSpan(START_TIMEOUT_MS)],
      ['WatchdogSec', timeSpan(WATCHDOG_MS)],
      ['TimeoutAbortSec', timeSpan(ABORT_TIMEOUT_MS)],
      ['Restart', 'on-failure'],
      // Where pauses cannot grow, one that is short for ever would keep a processor busy with starts in vain.
      ['RestartSec', growingPauses ? '2s' : '10s'],
      ['RestartSteps', growingPauses ? '5' : undefined],
      ['RestartMaxDelaySec', growingPauses ? '60s' : undefined],
      ['RestartPreventExitStatus', String(BAD_INPUT)],
      ['SuccessExitStatus', String(STOPPED_SOME)],
      ['KillMode', 'mixed'],
      ['TimeoutStopSec', timeSpan(shutdownDeadlineMs + SHUTDOWN_MARGIN_MS)],
      ['OOMPolicy', 'continue'], // the task that took the memory fails, its worker goes on
      ...hardening(settings),
    ],
  });
}

function command(
  { node, script, tasksPaths, shutdownDeadlineMs }: ServiceSettings,
  { worker, concurrency }: WorkerUnit,
  ...more: readonly string[]
): string {
  const words = [
    ...[program(node), word(script), 'worker'],
    ...['--name', worker],
    ...tasksPaths.flatMap((path) => ['--tasks', word(path)]),
    ...['--concurrency', String(concurrency)],
    ...['--shutdown-deadline', timeSpan(shutdownDeadlineMs)],
    ...more,
  ];
  return `:${words.join(' ')}`;
}

/** Where a process of ours finds itself: its folders and its environment. */
function surroundings(settings: ServiceSettings): readonly (readonly [string, string | undefined])[] {
  const { folder, environmentFile } = settings;
  return [
    ['WorkingDirectory', literal(folder)],
    ...storage(settings),
    ['EnvironmentFile', environmentFile && literal(environmentFile)],
    ['SyslogIdentifier', '%N'],
  ];
}

/**
 * Where the workers' directories are. An account of systemd's making has its home in the cache folder, since systemd sets
 * none and some systems know none. The folder of such an account is a link elsewhere: here it has its real path. Two accounts never have
 * one folder: systemd would give it to the second under the hands of the first.
 */
function storage({
  scope,
  account,
  workingRoot,
}: ServiceSettings): readonly (readonly [string, string | undefined])[] {
  const isDynamic = scope === 'system' && account === undefined;
  const folder = account === undefined ? CACHE : `${CACHE}-${account}`;
  const path = `%C/${isDynamic ? 'private/' : ''}${folder}`;
  const needsFolder = isDynamic || workingRoot === undefined;
  return [
    [
      'Environment',
      workingRoot === undefined
        ? `PULP_WORKING_DIRECTORY=${path}/work`
        : word(`PULP_WORKING_DIRECTORY=${workingRoot}`),
    ],
    ['Environment', isDynamic ? `HOME=${path}` : undefined],
    // -: it need not be there yet
    ['ReadWritePaths', scope === 'system' && workingRoot !== undefined ? word(`-${workingRoot}`) : undefined],
    ['CacheDirectory', needsFolder ? folder : undefined],
    ['CacheDirectoryMode', needsFolder ? '0700' : undefined],
  ];
}
