import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { counter } from './cgroup.ts';
import { ownPlace } from './own-cgroup.ts';

/** The file in which the kernel counts, if there is one. Looked for once: a worker may move into a part of its group later. */
let file: string | undefined | null = null;

/** For so long a count is recent, in milliseconds. */
const RECENT_MS = 100;

let recent: { readonly at: number; readonly kills: number | undefined } = { at: -Infinity, kills: undefined };

/** Has the group in which this process is now taken for that of its service. */
export function findServiceMemory(): void {
  if (file === null) file = serviceMemoryFile();
}

/**
 * How many processes of this process' service, or its container, the kernel has killed for lack of memory; undefined if
 * that is not counted.
 */
export function serviceOomKills(): number | undefined {
  findServiceMemory();
  if (file === null || file === undefined) return undefined;
  try {
    return counter(readFileSync(file, 'latin1'), 'oom_kill');
  } catch {
    return undefined;
  }
}

/** The same as of a moment ago: reading it costs as much as a short run. */
export function recentServiceOomKills(): number | undefined {
  const now = performance.now();
  if (now - recent.at > RECENT_MS) recent = { at: now, kills: serviceOomKills() };
  return recent.kills;
}

function serviceMemoryFile(): string | undefined {
  const place = ownPlace();
  const candidates = [...(place === undefined ? [] : [join(place.path, 'memory.events')]), ...versionOne()];
  return candidates.find((candidate) => {
    try {
      return counter(readFileSync(candidate, 'latin1'), 'oom_kill') !== undefined;
    } catch {
      return false;
    }
  });
}

/** Where cgroup v1 counts it. */
function versionOne(): readonly string[] {
  try {
    const own = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(
      readFileSync('/proc/self/cgroup', 'utf8'),
    )?.[1];
    // In a container the path may be that of the machine, while the top of what is shown is the container's own.
    return own === undefined
      ? []
      : [own, '/'].map((path) => join('/sys/fs/cgroup/memory', path, 'memory.oom_control'));
  } catch {
    return [];
  }
}
