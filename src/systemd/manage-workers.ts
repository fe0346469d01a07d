import { availableParallelism } from 'node:os';
import { PulpError } from '../errors.ts';
import { accountProblem } from './account.ts';
import { environmentFileProblem } from './environment-file.ts';
import { foreignFiles, planStart, planStop, type Found, type Step } from './service-plan.ts';
import { isInHome, type ServiceSettings } from './service-settings.ts';
import type { Systemd } from './systemd.ts';
import { servicesOf, settingsCheckUnit, unitFiles } from './unit-files.ts';

/** More reserved workers than this on one machine are a slip of the keyboard. */
const MOST_WORKERS = 1024;

/**
 * How many reserved workers a machine is to have: `PULP_CONCURRENCY`, else one for each of its processors.
 *
 * @throws PulpError INVALID_INPUT
 */
export function reservedWorkers(): number {
  const text = process.env['PULP_CONCURRENCY'];
  if (text === undefined || text === '') return availableParallelism();
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MOST_WORKERS) return number;
  throw new PulpError(
    'INVALID_INPUT',
    `PULP_CONCURRENCY: ${JSON.stringify(text)} is not a number of workers`,
    {
      remedy: `Give a number from 1 to ${MOST_WORKERS}, or unset it to have one worker a processor.`,
      exitCode: 2,
    },
  );
}

/** What is to be done, and the unit files that there will be. */
export interface Plan {
  readonly files: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

/** Plans the start of the services, from what there is of them now. */
export function startPlan(settings: ServiceSettings, found: Found): Plan {
  const files = unitFiles(settings);
  const wanted = { files, services: servicesOf(settings), check: settingsCheckUnit(settings) };
  return { files, steps: planStart(wanted, found) };
}

/** Plans the end of the services. */
export function stopPlan(found: Found): Plan {
  return { files: new Map(), steps: planStop(found) };
}

/** What stands against the start of such services on this machine. */
export async function startProblems(
  settings: ServiceSettings,
  systemd: Systemd,
): Promise<readonly PulpError[]> {
  const problems = [
    homeProblem(settings),
    await accountProblem(settings.account),
    await environmentFileProblem(settings.environmentFile),
    await systemd.problem(),
  ];
  return problems.filter((problem) => problem !== undefined);
}

function homeProblem({ scope, account, ...settings }: ServiceSettings): PulpError | undefined {
  if (scope === 'user' || account !== undefined) return undefined;
  const path = [...settings.tasksPaths, settings.folder, settings.script, settings.node].find(isInHome);
  if (path === undefined) return undefined;
  return new PulpError(
    'ACCOUNT_NEEDED',
    `${path} is in a home, which the account that systemd would make for the workers cannot enter`,
    {
      remedy:
        'Name the account that the workers run as by --run-as, or start services of your own by --user.',
      exitCode: 2,
    },
  );
}

/**
 * Carries out a plan, step by step; `onStep` is told of each before it is taken. Gives the services that finish what runs
 * and start anew after it.
 *
 * @throws PulpError UNIT_NOT_OURS, before anything was done, if somebody else's file has the name of one of ours
 */
export async function carryOut(
  { steps }: Plan,
  found: Found,
  systemd: Systemd,
  onStep: (description: string) => void,
): Promise<readonly string[]> {
  const [foreign] = foreignFiles(found);
  if (foreign !== undefined) {
    throw new PulpError('UNIT_NOT_OURS', `${systemd.folder}/${foreign} was not made by pulp`, {
      remedy: 'Move it out of the way, or keep it and leave the workers to it.',
    });
  }
  const finishing: string[] = [];
  for (const step of steps) {
    onStep(systemd.describe(step));
    finishing.push(...(await systemd.take(step)));
  }
  return finishing;
}
