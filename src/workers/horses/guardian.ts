import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../log.ts';
import type { Identity } from '../../postgres/identity.ts';
import { GUARDED_VARIABLE } from '../../processes/marked-processes.ts';
import { RetryPause } from '../retry-pause.ts';

const GUARDIAN_FILE = fileURLToPath(
  new URL(`./guardian-process${extname(import.meta.url)}`, import.meta.url),
);

/** Pauses before one is made anew, in milliseconds, where one after the other ends at once: something is wrong with all of them. */
const RETRY_PAUSES_MS = [0, 1000, 2000, 5000, 15_000];

/** One that lived for so long was well, in milliseconds. */
const WELL_MS = 10_000;

/** What a guardian is told of a horse: the leader of a process group, and the directory of its cgroup if it has one. */
export type HorseMessage =
  | {
      readonly type: 'watch';
      readonly pid: number;
      readonly startTime: string;
      readonly cgroup: string | undefined;
    }
  | { readonly type: 'forget'; readonly pid: number }
  /** Kill what has an entry in its environment that begins so: it may have been started in this moment. */
  | { readonly type: 'sweep'; readonly entry: string }
  /** Whether code of tasks runs in the worker's own process. */
  | { readonly type: 'inline'; readonly isInHand: boolean };

/** The worker stops, and has not said so to the database, or ends with what it still runs: that is to be awaited, and reported as a stop. */
export interface LeavingMessage {
  readonly type: 'leaving';
  /** Code of tasks runs in the worker's own process, which has to end before that is reported. */
  readonly isInlineInHand: boolean;
  /** The fences of all runs that the worker knows of: of others that are recorded as its, no code has begun. */
  readonly inHand: readonly string[];
}

/** What is to be reported where when what was guarded is dead: the death of a worker, or that a hold is let go of. */
export type DeathReport =
  | {
      readonly type: 'registered';
      readonly databaseUrl: string;
      readonly worker: string;
      readonly incarnation: string;
    }
  | {
      readonly type: 'holding';
      readonly databaseUrl: string;
      readonly hold: string;
      /** On whose behalf it was asked for. */
      readonly identity: Identity | undefined;
    };

/** What a guardian is told. */
export type GuardianMessage =
  | HorseMessage
  | DeathReport
  /** By then, by `monotonicMs`, the worker's runs have to have ended, unless a later time is said before. */
  | { readonly type: 'lease'; readonly endsAt: number }
  | LeavingMessage
  /** All that ran has ended, and the worker with it: there is nothing to end or to report. */
  | { readonly type: 'through' }
  /** What was guarded has ended well: what it has left behind may go on. */
  | { readonly type: 'dismissed' };

/**
 * A small process that outlives its worker, however that ends, just long enough to kill the worker's horses and whatever
 * they started, and to report the death, so that claims are free at once. It learns of the worker's end by that of a pipe.
 * It also ends the runs of a worker that cannot do so itself when its lease runs out, being stopped (SIGSTOP) or
 * blocked. It is made anew should it be killed. `pulp hold` has one for its command.
 */
export class Guardian {
  readonly #entry: string;
  readonly #log: Log;
  readonly #horses = new Map<number, HorseMessage>();
  #inline: HorseMessage | undefined;
  #report: DeathReport | undefined;
  #lease: GuardianMessage | undefined;
  readonly #retryPause = new RetryPause(RETRY_PAUSES_MS);
  #process: ChildProcess | undefined;
  #ended = false;

  /** @param entry what an entry in the environment of all that it is to kill begins with, see `findMarked` */
  constructor(entry: string, log: Log) {
    this.#entry = entry;
    this.#log = log;
    this.#start();
  }

  /** Tells it; a guardian that is made later is told what counts then. */
  tell(message: GuardianMessage): void {
    if (message.type === 'watch') this.#horses.set(message.pid, message);
    if (message.type === 'forget') this.#horses.delete(message.pid);
    if (message.type === 'inline') this.#inline = message;
    if (message.type === 'registered' || message.type === 'holding') this.#report = message;
    if (message.type === 'lease') this.#lease = message;
    if (message.type === 'through') this.#report = this.#lease = undefined;
    this.#write([message]);
  }

  /** Lets it go. */
  end(): void {
    this.#ended = true;
    this.#process?.stdin?.end();
  }

  #write(messages: readonly (GuardianMessage | undefined)[]): void {
    const lines = messages
      .filter((message) => message !== undefined)
      .map((message) => `${JSON.stringify(message)}\n`);
    this.#process?.stdin?.write(lines.join(''));
  }

  #start(): void {
    if (this.#ended) return;
    const startedAt = performance.now();
    const child = spawn(process.execPath, [GUARDIAN_FILE, String(process.pid)], {
      detached: true, // a session of its own: neither the terminal's signals nor a kill of our group reach it
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      // Little of ours: a worker may itself run in a horse, and bear its mark.
      env: { ...surroundings(), [GUARDED_VARIABLE]: this.#entry },
    });
    this.#process = child;
    let isGone = false;
    const onGone = (how: string) => {
      if (isGone || this.#ended) return;
      isGone = true;
      if (performance.now() - startedAt >= WELL_MS) this.#retryPause.reset();
      const ms = this.#retryPause.next();
      this.#log.warn(
        { how, again_in_ms: Math.round(ms) },
        'the guardian of the worker ended; a new one is made, and until then nobody would report the death of the worker',
      );
      setTimeout(() => {
        this.#start();
      }, ms).unref();
    };
    child.once('error', (error) => {
      onGone(error.message);
    });
    child.once('exit', (code, signal) => {
      onGone(signal ?? `code ${code ?? 'unknown'}`);
    });
    child.stdin.on('error', () => undefined); // it is gone, which its exit tells
    child.unref();
    this.#write([this.#report, this.#lease, this.#inline, ...this.#horses.values()]);
  }
}

/** What it needs to reach the database as its worker does. */
function surroundings(): NodeJS.ProcessEnv {
  const needed = Object.entries(process.env).filter(([name]) =>
    /^(PG[A-Z]+|HOME|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|PULP_WORKER_TTL|NODE_COMPILE_CACHE)$/.test(name),
  );
  return Object.fromEntries(needed);
}
