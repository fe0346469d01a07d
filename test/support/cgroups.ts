import { existsSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Cgroup, words } from '../../src/workers/horses/cgroups/cgroup.ts';

/** A cgroup v2 that was made for a test, for a scope: what is in it is killed, and it is removed. */
export class TestCgroup implements AsyncDisposable {
  static #made = 0;
  readonly cgroup: Cgroup;

  private constructor(cgroup: Cgroup) {
    this.cgroup = cgroup;
  }

  static make(): TestCgroup {
    const top = topOfTree() ?? '';
    const cgroup = new Cgroup(top).within(`pulp-test-${process.pid}-${(TestCgroup.#made += 1)}`).make();
    return new TestCgroup(cgroup);
  }

  get path(): string {
    return this.cgroup.path;
  }

  /** The groups of horses in it. */
  get horses(): readonly string[] {
    return this.cgroup.children().filter((name) => name.startsWith('pulp-horse.'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cgroup.empty(5000);
    this.cgroup.remove();
  }
}

/** Where the tree of cgroup v2 is mounted. */
function topOfTree(): string | undefined {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return mounts.find((line) => line.split(' ')[2] === 'cgroup2')?.split(' ')[1];
}

/** Why no test can have a cgroup of its own here; false if it can. */
export function cgroupsAreMissing(): string | false {
  if (process.platform !== 'linux') return 'there are cgroups on Linux only';
  const top = topOfTree();
  if (top === undefined) return 'no cgroup v2 is mounted';
  const group = new Cgroup(join(top, `pulp-test-${process.pid}-probe`));
  try {
    group.make();
    const entered = spawnSync('/bin/sh', ['-c', 'echo 0 >"$0"', group.procsFile], { stdio: 'ignore' });
    return entered.status === 0 ? false : 'no process may enter a cgroup v2 here';
  } catch {
    return 'cgroup v2 is not writable here (needs root)';
  } finally {
    group.remove();
  }
}

/** Why limits cannot be tried here; false if they can. */
export function controllersAreMissing(): string | false {
  const missing = cgroupsAreMissing();
  if (missing !== false) return missing;
  const handedOn = words(new Cgroup(topOfTree() ?? '').read('cgroup.subtree_control'));
  const needed = ['memory', 'cpu', 'pids'].filter((controller) => !handedOn.includes(controller));
  return needed.length > 0 && `cgroup v2 has no controllers here: ${needed.join(', ')}`;
}

/** The directory of the freezer of cgroup v1, whose frozen processes cannot be killed; undefined if it is not there. */
export function freezer(): string | undefined {
  return ofVersionOne('freezer');
}

/** The directory of the memory controller of cgroup v1; undefined if it is not there. */
export function memoryOfVersionOne(): string | undefined {
  return ofVersionOne('memory');
}

function ofVersionOne(controller: string): string | undefined {
  const path = join('/sys/fs/cgroup', controller);
  return existsSync(join(path, 'cgroup.procs')) && process.getuid?.() === 0 ? path : undefined;
}
