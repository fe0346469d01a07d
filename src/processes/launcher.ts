import { readFileSync } from 'node:fs';
import { processStat } from './process-stat.ts';

/** How often it is looked whether the parent process is still the same, in milliseconds. */
const LOOK_MS = 500;

/** Variables that npm and those that follow it (pnpm, yarn) set for what they start. */
const NPM_VARIABLES = ['npm_command', 'npm_lifecycle_event'];

/**
 * Calls back once when this process was started by npm, npx or a shell under one, and its parent process ends: whoever told
 * npm to end meant what it runs. A process that is to outlive its parent never takes its end for a request: neither one that has a
 * session of its own (a daemon), nor one that npm has not started. (Such as `pulp worker &` in a script is orphaned before it can look.)
 */
export function launcherEnd(onEnd: () => void, environment: NodeJS.ProcessEnv = process.env): void {
  if (NPM_VARIABLES.every((name) => (environment[name] ?? '') === '')) return;
  const parent = process.ppid;
  if (processStat(process.pid)?.session !== processStat(parent)?.session) return;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onEnd();
  }, LOOK_MS).unref();
}

/** Access mode of a file handle that can only be written to, among the flags of open(2), and the bits that hold it. */
const WRITE_ONLY = 0o1;
const ACCESS_MODE = 0o3;

/**
 * Whether this process was started by nohup, and is to go on when its terminal is gone. That SIGHUP is ignored cannot be seen: Node sets it
 * to its default when it starts. But nohup replaces a terminal as stdin by a file that cannot be read, and leaves its own name in
 * `_` under the shells that set it.
 */
export function isNohup(environment: NodeJS.ProcessEnv = process.env): boolean {
  return /(^|\/)nohup$/.test(environment['_'] ?? '') || isUnreadable(0);
}

function isUnreadable(handle: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${handle}`, 'latin1');
    const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '', 8);
    return (flags & ACCESS_MODE) === WRITE_ONLY;
  } catch {
    return false;
  }
}
