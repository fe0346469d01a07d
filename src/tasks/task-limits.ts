import { PulpError } from '../errors.ts';

/** What the processes of one run may use at most, as `defineTask` takes it. */
export interface TaskLimits {
  /** Memory of all processes of the run together: bytes, or text as `512M` (K, M, G, T: powers of 1024). At least 64M. */
  readonly memory?: number | string;
  /** Processor time, in cores: 0.5 is half of one. At least 0.01. */
  readonly cpu?: number;
  /** How many processes and threads the code may have at once, beside the process that it runs in itself. */
  readonly processes?: number;
}

/** The same, checked: memory in bytes, cpu in cores, processes as a count. */
export interface Limits {
  readonly memory?: number;
  readonly cpu?: number;
  readonly processes?: number;
}

/** An idle horse takes about 50 MiB: with less than this none comes as far as its task. In bytes. */
const LEAST_MEMORY = 64 * 1024 ** 2;

/** The kernel hands out no less than a millisecond in each tenth of a second. In cores. */
const LEAST_CPU = 0.01;

/** More would be no limit, and is likelier a wrong unit. In cores. */
const MOST_CPU = 4096;

/** The kernel has no more process ids than this. */
const MOST_PROCESSES = 4_194_304;

const MEMORY_TEXT = /^(\d+(?:\.\d+)?)([KMGT]?)$/;
const UNITS = ['', 'K', 'M', 'G', 'T'];

/**
 * Checks the limits of a task type. Undefined if there are none.
 *
 * @throws PulpError INVALID_INPUT if one is not allowed
 */
export function checkLimits(task: string, limits: unknown): Limits | undefined {
  if (limits === undefined) return undefined;
  if (typeof limits !== 'object' || limits === null) {
    throw refusal(task, 'limits', limits, 'An object with one or more of memory, cpu and processes.');
  }
  const { memory, cpu, processes, ...others } = limits as Record<string, unknown>;
  for (const name of Object.keys(others)) {
    throw refusal(task, `limits.${name}`, others[name], 'There are limits of memory, cpu and processes.');
  }
  const checked: Limits = {
    ...(memory !== undefined && { memory: checkMemory(task, memory) }),
    ...(cpu !== undefined && { cpu: checkCpu(task, cpu) }),
    ...(processes !== undefined && { processes: checkProcesses(task, processes) }),
  };
  return Object.keys(checked).length === 0 ? undefined : checked;
}

/** Bytes as people write them, in the largest unit that tells them exactly to a tenth. */
export function memoryText(bytes: number): string {
  const unit = Math.min(Math.floor(Math.log(bytes) / Math.log(1024)), UNITS.length - 1);
  return `${Number((bytes / 1024 ** unit).toFixed(1))}${UNITS[unit] ?? ''}`;
}

function checkMemory(task: string, memory: unknown): number {
  const bytes = typeof memory === 'string' ? bytesOf(memory) : memory;
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= LEAST_MEMORY) return bytes;
  throw refusal(
    task,
    'limits.memory',
    memory,
    'Bytes, or text as 512M or 1.5G (K, M, G, T: powers of 1024); at least 64M, since an idle horse takes about 50M.',
  );
}

function bytesOf(text: string): number | undefined {
  const [, number, unit = ''] = MEMORY_TEXT.exec(text) ?? [];
  return number === undefined ? undefined : Math.floor(Number(number) * 1024 ** UNITS.indexOf(unit));
}

function checkCpu(task: string, cpu: unknown): number {
  if (typeof cpu === 'number' && cpu >= LEAST_CPU && cpu <= MOST_CPU) return cpu;
  throw refusal(task, 'limits.cpu', cpu, 'Cores, as a number of at least 0.01: 0.5 is half a core.');
}

function checkProcesses(task: string, processes: unknown): number {
  if (Number.isInteger(processes) && Number(processes) >= 1 && Number(processes) <= MOST_PROCESSES) {
    return Number(processes);
  }
  throw refusal(task, 'limits.processes', processes, 'A whole number of at least 1.');
}

function refusal(task: string, option: string, value: unknown, remedy: string): PulpError {
  const shown = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  return new PulpError('INVALID_INPUT', `task type ${task}: ${option}: ${shown} is not allowed`, {
    remedy,
    exitCode: 2,
  });
}
