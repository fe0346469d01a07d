import type { Limits } from '../../../tasks/task-limits.ts';
import { counter, type Cgroup } from './cgroup.ts';
import { limitFiles } from './limit-files.ts';

/** How long what was killed may take to be gone, in milliseconds. */
const PATIENCE_MS = 800;

/** By this a shell enters the group whose `cgroup.procs` is its `$0`; false if the kernel refuses. */
export const ENTER = '{ echo 0 >"$0"; } 2>/dev/null';

/** The cgroup of one horse: whatever its tasks start is in there, and cannot get out of it. */
export class HorseGroup {
  readonly limits: Limits;
  readonly #cgroup: Cgroup;

  private constructor(cgroup: Cgroup, limits: Limits) {
    this.#cgroup = cgroup;
    this.limits = limits;
  }

  /**
   * Makes it. Limits that cannot be set here are left out.
   *
   * @throws what the system says if it cannot be made
   */
  static make(cgroup: Cgroup, limits: Limits): HorseGroup {
    cgroup.make();
    for (const { file, content } of limitFiles(limits)) cgroup.write(file, content);
    return new HorseGroup(cgroup, limits);
  }

  /**
   * Words that go before a command so that its process enters the group before it becomes the program: whoever is put there
   * from outside has memory in use by then, and may have children.
   */
  get entering(): readonly string[] {
    return ['/bin/sh', '-c', `${ENTER}; exec "$@"`, this.#cgroup.procsFile];
  }

  /** Its directory. */
  get path(): string {
    return this.#cgroup.path;
  }

  /** The processes in it. */
  processes(): readonly number[] {
    return this.#cgroup.processes();
  }

  /** Sends SIGKILL to all of them. */
  kill(): void {
    this.#cgroup.kill();
  }

  /** Kills them until none is left, and removes the group; false if one does not die soon. */
  async clear(): Promise<boolean> {
    return (await this.#cgroup.empty(PATIENCE_MS)) && this.#cgroup.remove();
  }

  /** How many of its processes the kernel has killed for lack of memory; undefined if that is not counted here. */
  oomKills(): number | undefined {
    return counter(this.#cgroup.read('memory.events'), 'oom_kill');
  }

  /** How often its own limit of memory was reached, and nothing could be freed. */
  memoryLimitHits(): number {
    return counter(this.#cgroup.read('memory.events'), 'oom') ?? 0;
  }

  /** What its limits did to it so far, in words; nothing if they did nothing. */
  effects(): readonly string[] {
    const { processes, cpu } = this.limits;
    const refused = processes === undefined ? 0 : (counter(this.#cgroup.read('pids.events'), 'max') ?? 0);
    const throttled = cpu === undefined ? 0 : (counter(this.#cgroup.read('cpu.stat'), 'throttled_usec') ?? 0);
    return [
      ...(refused > 0
        ? [`its limit of ${processes ?? 0} processes kept it from starting one ${refused} times`]
        : []),
      ...(throttled > 0
        ? [`its limit of ${cpu ?? 0} cores made it wait for ${Math.round(throttled / 1000)} ms`]
        : []),
    ];
  }
}
