import { execFile } from 'node:child_process';
import type { Scope } from './service-settings.ts';

/** How a program ended and what it wrote. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In place of the exit code of a program that was not waited for any longer. */
export const TIMED_OUT = -1;

/** The arguments that name whose systemd is meant. */
export function scopeArguments(scope: Scope): readonly string[] {
  return scope === 'user' ? ['--user'] : [];
}

/** Runs `systemctl`, for `timeoutMs` at most if that is not 0. Undefined: there is no such program. */
export function systemctl(scope: Scope, args: readonly string[], timeoutMs = 0): Promise<Answer | undefined> {
  return run('systemctl', [...scopeArguments(scope), ...args], timeoutMs);
}

/**
 * What the journal has of a unit since a moment, one message each, the oldest first. Empty if there is no journal, or none
 * of it can be read.
 *
 * @param since in seconds since 1970
 */
export async function journalOf(scope: Scope, unit: string, since: number): Promise<readonly string[]> {
  const of = scope === 'user' ? '--user-unit' : '--unit';
  const answer = await run('journalctl', [
    ...['--quiet', '--no-pager', '--output=cat', '--lines=200'],
    ...[`${of}=${unit}`, `--since=@${Math.floor(since)}`],
  ]);
  return answer?.code === 0 ? answer.stdout.split('\n').filter((line) => line !== '') : [];
}

function run(program: string, args: readonly string[], timeoutMs = 0): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve(error?.code === 'ENOENT' ? undefined : { code: exitCode(error), stdout, stderr });
    });
  });
}

function exitCode(error: { code?: unknown; killed?: boolean } | null): number {
  if (error === null) return 0;
  return error.killed === true ? TIMED_OUT : Number(error.code ?? 1);
}
