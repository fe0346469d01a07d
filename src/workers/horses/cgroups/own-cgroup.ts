import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A directory for the worker's cgroups, or why there is none. */
export type Given = { readonly path: string } | { readonly reason: string };

/** Where a process is in the tree of cgroup v2, as far as it sees the tree. */
export interface Place {
  readonly path: string;
  /** The top of what it sees: that of its container, or of the machine. */
  readonly isTop: boolean;
}

/** What decides whether the cgroup in which a process finds itself is its own to divide. */
export interface Surroundings {
  readonly isTop: boolean;
  /** It is the one of the whole machine. */
  readonly isOfMachine: boolean;
  readonly isWritable: boolean;
  /** Users: this process', the owner's of the group, and that of the group around it. */
  readonly user: number;
  readonly owner: number;
  readonly outerOwner: number | undefined;
  /** Whether the service manager says that it is delegated; asked only if nothing else tells. */
  readonly isDelegated: () => boolean;
}

/** The service manager answers within a few; in milliseconds. */
const ASK_MS = 2000;

/**
 * The directory for the worker's cgroups.
 *
 * @param setting `PULP_CGROUP`: a directory that was made for it; `none`; or undefined: the cgroup this process is in, if it
 * was delegated
 */
export function givenCgroup(setting: string | undefined): Given {
  if (process.platform !== 'linux') return { reason: 'there are cgroups on Linux only' };
  if (setting === 'none') return { reason: 'PULP_CGROUP=none' };
  if (setting !== undefined && setting !== '') return named(setting);
  const place = ownPlace();
  if (place === undefined) return { reason: 'the machine has no cgroup v2 that this process can see' };
  const reason = whyNotGiven(place.path, surroundingsOf(place));
  return reason === undefined ? { path: place.path } : { reason };
}

/**
 * Why the group at a path is not this process' own; undefined if it is. It is its own if it is all of the tree that its
 * container has; or at the border where another user's part of the tree ends, since there systemd hands a service its
 * group; or if systemd says so.
 */
export function whyNotGiven(path: string, surroundings: Surroundings): string | undefined {
  const { isTop, isOfMachine, isWritable, user, owner, outerOwner } = surroundings;
  if (isOfMachine) return `${path} is that of the whole machine`;
  if (!isWritable) return `${path} is not writable for it`;
  if (isTop || (owner === user && outerOwner !== user)) return undefined;
  return surroundings.isDelegated() ? undefined : `${path} is not delegated to it (Delegate=yes)`;
}

/** Where this process is; undefined if the machine has no cgroup v2, or shows it elsewhere. */
export function ownPlace(): Place | undefined {
  try {
    const place = placeIn(
      readFileSync('/proc/self/cgroup', 'utf8'),
      readFileSync('/proc/self/mountinfo', 'utf8'),
    );
    return place !== undefined && existsSync(join(place.path, 'cgroup.procs')) ? place : undefined;
  } catch {
    return undefined;
  }
}

/** Reads it from what `/proc/self/cgroup` and `/proc/self/mountinfo` say, see cgroups(7) and proc_pid_mountinfo(5). */
export function placeIn(cgroup: string, mountinfo: string): Place | undefined {
  const own = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  if (own === undefined || own.split('/').includes('..')) return undefined; // .. is outside of what it sees
  for (const line of mountinfo.split('\n')) {
    const [mount = '', source = ''] = line.split(' - ');
    const [, , , top = '', point = ''] = mount.split(' ');
    if (!source.startsWith('cgroup2 ')) continue;
    const inside =
      top === '/' ? own : own === top || own.startsWith(`${top}/`) ? own.slice(top.length) : undefined;
    if (inside === undefined) continue;
    const path = join(unescape(point), inside).replace(/\/$/, '');
    return { path, isTop: inside === '/' || inside === '' };
  }
  return undefined;
}

/** Spaces and the like are written as octal numbers there. */
function unescape(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

function named(path: string): Given {
  if (!path.startsWith('/')) return { reason: `PULP_CGROUP: ${path} is no absolute path` };
  if (!existsSync(join(path, 'cgroup.subtree_control'))) {
    return { reason: `PULP_CGROUP: ${path} is no directory of cgroup v2` };
  }
  return isWritable(path) ? { path } : { reason: `PULP_CGROUP: ${path} is not writable for it` };
}

function surroundingsOf({ path, isTop }: Place): Surroundings {
  return {
    isTop,
    isOfMachine: !existsSync(join(path, 'cgroup.events')),
    isWritable: isWritable(path),
    user: process.geteuid?.() ?? -1,
    owner: statSync(path).uid,
    outerOwner: isTop ? undefined : statSync(dirname(path)).uid,
    isDelegated: () => isDelegatedUnit(path),
  };
}

function isWritable(path: string): boolean {
  try {
    for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control'])
      accessSync(join(path, file), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether systemd says of the unit whose group it is that it is delegated. */
function isDelegatedUnit(path: string): boolean {
  const unit = basename(path);
  if (!/\.(service|scope)$/.test(unit) || !existsSync('/run/systemd/system')) return false;
  const manager = path.includes('/user@') ? ['--user'] : [];
  const question = [...manager, 'show', '--property=Delegate', '--value', '--', unit];
  const { stdout } = spawnSync('systemctl', question, { encoding: 'utf8', timeout: ASK_MS });
  return stdout?.trim() === 'yes';
}
