import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { CommandRequest } from './command-host.ts';
import type { Ended } from './ended.ts';

const HOST = fileURLToPath(new URL('./command-host.ts', import.meta.url));

/** How long a process of commands may live, in milliseconds: what is broken is to end a test, not to hold it up. */
export const PATIENCE_MS = 60_000;

/** Processes that wait for a command; they end with this one. */
const idle: ChildProcess[] = [];

/** Runs a command in a process that has loaded the program, and may have run other commands before. */
export async function runInHost({
  input,
  ...command
}: Omit<CommandRequest, 'input' | 'mark'> & { readonly input: Buffer }): Promise<Ended> {
  const host = idle.pop() ?? start();
  const mark = `\0${randomUUID()}\0`;
  const over = new AbortController();
  hold(host, true);
  const timer = setTimeout(() => host.kill('SIGKILL'), PATIENCE_MS);
  try {
    const ended = Promise.all([
      once(host, 'message') as Promise<[number]>,
      readUntil(host.stdout as Socket, mark),
      readUntil(host.stderr as Socket, mark),
    ]);
    host.send({ ...command, input: input.toString('base64'), mark } satisfies CommandRequest);
    const [[code], stdout, stderr] = await Promise.race([ended, died(host, command.argv, over.signal)]);
    idle.push(host);
    return { code, stdout, stderr };
  } finally {
    over.abort();
    clearTimeout(timer);
    hold(host, false);
  }
}

function start(): ChildProcess {
  // Else it would report to the runner of the tests as if it were one of them.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  return fork(HOST, { env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
}

/** Whether a host keeps this process alive. */
function hold(host: ChildProcess, held: boolean): void {
  for (const part of [host, host.channel, host.stdout as Socket, host.stderr as Socket])
    if (held) part?.ref();
    else part?.unref();
}

async function died(host: ChildProcess, argv: readonly string[], signal: AbortSignal): Promise<never> {
  const [code, by] = (await once(host, 'exit', { signal })) as [number | null, string | null];
  throw new Error(`pulp ${argv.join(' ')}: its process ended (${code ?? by}) before it had run`);
}

/** Gives what a stream says before the mark. */
function readUntil(stream: Socket, mark: string): Promise<string> {
  const pieces: Buffer[] = [];
  return new Promise((resolve) => {
    stream.on('data', function collect(piece: Buffer) {
      pieces.push(piece);
      const text = Buffer.concat(pieces).toString();
      const end = text.indexOf(mark);
      if (end === -1) return;
      stream.off('data', collect);
      resolve(text.slice(0, end));
    });
  });
}
