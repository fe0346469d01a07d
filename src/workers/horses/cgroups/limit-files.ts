import type { Limits } from '../../../tasks/task-limits.ts';

/** A limit as the kernel takes it: what is written to which file of a cgroup. */
export interface LimitFile {
  readonly limit: keyof Limits;
  readonly controller: Controller;
  readonly file: string;
  readonly content: string;
  /** Only there on some machines, and not needed for the limit to hold on others. */
  readonly isOptional?: boolean;
}

/** The parts of the kernel that limit something. */
export type Controller = (typeof CONTROLLERS)[number];
export const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;

/** The kernel counts processor time in periods of so many microseconds. */
const PERIOD_US = 100_000;

/** The threads of Node itself: the main one, four of V8's pool, its timer, the one for signals; and one to spare. */
const NODE_THREADS = 8;

/** How many threads for files and names libuv starts when they are needed, if nothing else is said. */
const LIBUV_THREADS = 4;

/**
 * What makes the kernel keep limits. Memory: when it is reached, the whole group is killed, since what is left of a task that
 * lost one of its processes is of no use; and it is not evaded by swap. Processes: those of Node itself come on top.
 */
export function limitFiles(
  { memory, cpu, processes }: Limits,
  environment = process.env,
): readonly LimitFile[] {
  const files: LimitFile[] = [];
  if (memory !== undefined) {
    const of = { limit: 'memory', controller: 'memory' } as const;
    files.push(
      { ...of, file: 'memory.max', content: String(memory) },
      { ...of, file: 'memory.oom.group', content: '1', isOptional: true },
      { ...of, file: 'memory.swap.max', content: '0', isOptional: true },
    );
  }
  if (cpu !== undefined) {
    const content = `${Math.round(cpu * PERIOD_US)} ${PERIOD_US}`;
    files.push({ limit: 'cpu', controller: 'cpu', file: 'cpu.max', content });
  }
  if (processes !== undefined) {
    const pool = Number(environment['UV_THREADPOOL_SIZE'] ?? LIBUV_THREADS);
    const own = NODE_THREADS + (Number.isInteger(pool) && pool > 0 ? pool : LIBUV_THREADS);
    files.push({
      limit: 'processes',
      controller: 'pids',
      file: 'pids.max',
      content: String(processes + own),
    });
  }
  return files;
}
