import { readFileSync, readlinkSync } from 'node:fs';
import { processStat } from './process-stat.ts';

/**
 * What tells this process from all others that its host ever had: boot, namespace of process ids, id and start time.
 * Undefined where the system does not say (it is not Linux, or /proc is hidden).
 */
export function processIdentity(): string | undefined {
  const place = here();
  const stat = processStat(process.pid);
  return place === undefined || stat === undefined ? undefined : `${place}:${process.pid}:${stat.startTime}`;
}

/** Whether a process is known to be gone: it was one of this host, since its latest boot, and is not there any more. */
export function isKnownDead(identity: string): boolean {
  const place = here();
  if (place === undefined || !identity.startsWith(`${place}:`)) return false;
  const [pid, startTime] = identity.slice(place.length + 1).split(':');
  const stat = processStat(Number(pid));
  return stat === undefined || stat.hasEnded || stat.startTime !== startTime;
}

function here(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot}:${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}
