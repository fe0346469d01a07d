import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import type { Limits } from '../../../tasks/task-limits.ts';
import { processStat } from '../../../processes/process-stat.ts';
import { Cgroup, words } from './cgroup.ts';
import { ENTER, HorseGroup } from './horse-group.ts';
import { CONTROLLERS, limitFiles, type Controller } from './limit-files.ts';
import { givenCgroup } from './own-cgroup.ts';
import { findServiceMemory } from './service-memory.ts';

/** Where a worker itself goes: a group that hands controllers on to its children may hold no process (cgroups(7)). */
const WORKERS_GROUP = 'main';

/** What the names of our horses' groups begin with. */
const PREFIX = 'pulp-horse.';

/** How often those that are being started while we move all are looked for again. */
const MOVES = 10;

/** How long the processes of a dead worker's horses may take to be gone, in milliseconds. */
const CLEARING_MS = 2000;

/** The cgroups of a worker's horses, one for each, in a directory that was delegated or given to it. */
export class HorseGroups {
  readonly #root: Cgroup;
  /** What can be limited. */
  readonly controllers: ReadonlySet<Controller>;
  readonly #owner = ownerId();
  #made = 0;

  private constructor(root: Cgroup) {
    this.#root = root;
    this.controllers = handOnControllers(root);
  }

  /** Of this process; made when they are asked for first, and kept. A text says why there are none. */
  static ofThisProcess(setting = process.env['PULP_CGROUP']): HorseGroups | string {
    const key = setting ?? '';
    const known = prepared.get(key) ?? HorseGroups.#prepare(setting);
    prepared.set(key, known);
    return known;
  }

  static #prepare(setting: string | undefined): HorseGroups | string {
    const given = givenCgroup(setting);
    if ('reason' in given) return given.reason;
    findServiceMemory(); // before we leave the service's own group
    const root = new Cgroup(given.path);
    try {
      const obstacle = tryToEnter(root);
      if (obstacle !== undefined) return obstacle;
      vacate(root);
      return new HorseGroups(root);
    } catch (error) {
      return `${root.path}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** A group for a horse that is to be started. Undefined if the kernel makes no more. */
  make(limits: Limits = {}): HorseGroup | undefined {
    const name = `${PREFIX}${this.#owner}.${(this.#made += 1)}`;
    try {
      return HorseGroup.make(this.#root.within(name), limits);
    } catch {
      return undefined;
    }
  }

  /** Which of these limits nothing enforces here. */
  unenforced(limits: Limits): readonly string[] {
    const missing = limitFiles(limits).filter(({ controller }) => !this.controllers.has(controller));
    return [...new Set(missing.map(({ limit }) => limit))];
  }

  /** Ends what horses of workers that are no more have left in our directory, and removes their groups. Gives their number. */
  async clear(): Promise<number> {
    const left = this.#root.children().filter((name) => name.startsWith(PREFIX) && isOrphaned(name));
    const groups = left.map((name) => this.#root.within(name));
    const cleared = await Promise.all(
      groups.map(async (group) => (await group.empty(CLEARING_MS)) && group.remove()),
    );
    return cleared.filter(Boolean).length;
  }
}

/** By setting. */
const prepared = new Map<string, HorseGroups | string>();

/**
 * Whose groups they are: name space of processes, process and its start, so that an id that is used again, or means another
 * process in another container, is not taken for it.
 */
function ownerId(): string {
  return `${processNameSpace()}.${process.pid}.${processStat(process.pid)?.startTime ?? ''}`;
}

function isOrphaned(name: string): boolean {
  const [space = '', pid = '', startTime = ''] = name.slice(PREFIX.length).split('.');
  if (space !== processNameSpace()) return false;
  const owner = processStat(Number(pid));
  return owner === undefined || owner.hasEnded || owner.startTime !== startTime;
}

function processNameSpace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
}

/** Whether a child of ours may enter a group in there; if not, why. */
function tryToEnter(root: Cgroup): string | undefined {
  const group = root.within(`${PREFIX}${ownerId()}.0`).make();
  try {
    const { status, error } = spawnSync('/bin/sh', ['-c', ENTER, group.procsFile], { stdio: 'ignore' });
    if (status === 0) return undefined;
    return error === undefined ? `no process can enter ${root.path}` : `/bin/sh: ${error.message}`;
  } finally {
    group.remove();
  }
}

/** Moves this process, and whatever else is in a group of its own, into one below. */
function vacate(root: Cgroup): void {
  if (!root.read('cgroup.procs').split('\n').includes(String(process.pid))) return;
  const main = root.within(WORKERS_GROUP).make();
  for (let move = 0; move < MOVES; move += 1) {
    const processes = words(root.read('cgroup.procs'));
    if (processes.length === 0) return;
    for (const pid of processes) main.write('cgroup.procs', pid);
  }
}

/** Has the groups in there limit what they can; each by itself, since one of them that is refused need not cost the others. */
function handOnControllers(root: Cgroup): ReadonlySet<Controller> {
  const available = words(root.read('cgroup.controllers'));
  for (const controller of CONTROLLERS) {
    if (available.includes(controller)) root.write('cgroup.subtree_control', `+${controller}`);
  }
  const handedOn = words(root.read('cgroup.subtree_control'));
  return new Set(CONTROLLERS.filter((controller) => handedOn.includes(controller)));
}
