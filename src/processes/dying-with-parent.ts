import { spawnSync } from 'node:child_process';

const PREFIX = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

let prefix: readonly string[] | undefined;

/**
 * Words that go before a command so that the kernel kills its process as soon as this one is gone, even if it is stopped
 * or its event loop blocked. None where that cannot be had: not Linux, or no setpriv that knows it.
 */
export function dyingWithParent(): readonly string[] {
  return (prefix ??= isAvailable() ? PREFIX : []);
}

function isAvailable(): boolean {
  const [file, ...args] = PREFIX;
  return spawnSync(file, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}
