import { randomUUID } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startTimeOf } from '../../processes/start-time.ts';
import { hasCode, PRIVATE_MODE } from './pinned-directory.ts';

const claimant = z.object({
  host: z.string(),
  /** Of the machine, or of the image that it was made of; empty: not known. */
  machine: z.string(),
  /** Which boot of the kernel, and which numbering of processes: where both are the same, a process can be looked at. */
  boot: z.string(),
  processes: z.string(),
  pid: z.int().positive(),
  /** See `startTimeOf`. */
  startTime: z.string(),
  /** See `pulp.database_identity`; null: not known. */
  database: z.string().nullable(),
});

/** The process that a directory belongs to, and the database in which its worker has its name. */
export type Claimant = z.infer<typeof claimant>;

/** What is known of a claimant: it is this process; it has ended; it may be alive. */
export type Standing = 'ours' | 'over' | 'alive';

/** How often a claim is touched, in milliseconds: what cleans temporary folders takes what is old. */
const TOUCH_MS = 3_600_000;

/** This process, as the owner of directories for a worker of this database. */
export async function thisClaimant(database: string | null): Promise<Claimant> {
  return {
    host: hostname(),
    machine: textOf('/etc/machine-id'),
    boot: textOf('/proc/sys/kernel/random/boot_id'),
    processes: processNumbering(),
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? '',
    database,
  };
}

/**
 * What is known of another claimant. One that runs where we cannot look at it may be alive, unless it had its name in our
 * database: there, it is ours by now.
 */
export async function standingOf(other: Claimant, us: Claimant): Promise<Standing> {
  if (other.boot === us.boot && other.processes === us.processes && other.host === us.host) {
    if (other.pid === us.pid && other.startTime === us.startTime) return 'ours';
    return (await startTimeOf(other.pid)) === other.startTime ? 'alive' : 'over';
  }
  const wasBootedAnew =
    us.machine !== '' && other.machine === us.machine && other.host === us.host && other.boot !== us.boot;
  return wasBootedAnew || (other.database !== null && other.database === us.database) ? 'over' : 'alive';
}

/**
 * The claims on the directories in a root, `<root>/.claims/<directory>.json`: which process has which. Workers of several
 * databases may share a root and have the same name; the claim tells them apart. The root is its user's alone.
 */
export class DirectoryClaims {
  readonly #folder: string;

  constructor(root: string) {
    this.#folder = join(root, '.claims');
  }

  /** The names of the directories that are claimed. */
  names(): string[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  /** Who has claimed a directory; undefined: nobody, or in a way that cannot be read. */
  read(name: string): Claimant | undefined {
    return parse(textOf(this.#path(name)));
  }

  /** Claims a directory that nobody has claimed; says whether it is ours now. */
  take(name: string, us: Claimant): boolean {
    const draft = this.#write(us);
    try {
      linkSync(draft, this.#path(name)); // whole or not at all, and never over another one
      return true;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Takes over the claim of one that is over; says whether it is ours now. If another one is quicker, it has it. */
  takeOver(name: string, from: Claimant | undefined, us: Claimant): boolean {
    const aside = join(this.#folder, `.${randomUUID()}`);
    try {
      renameSync(this.#path(name), aside);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return this.take(name, us);
      throw error;
    }
    const found = parse(textOf(aside));
    if (JSON.stringify(found) !== JSON.stringify(from)) {
      // It is not the one that we looked at.
      try {
        linkSync(aside, this.#path(name));
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
      }
      rmSync(aside, { force: true });
      return false;
    }
    rmSync(aside, { force: true });
    return this.take(name, us);
  }

  /** Gives up a claim that is ours or of one that is over. */
  release(name: string): void {
    rmSync(this.#path(name), { force: true });
    try {
      rmdirSync(this.#folder);
    } catch {
      // there are others
    }
  }

  /** Keeps a claim of ours from looking old until it is disposed of. */
  keep(name: string, us: Claimant): Disposable {
    const timer = setInterval(() => {
      try {
        const now = new Date();
        utimesSync(this.#path(name), now, now);
      } catch (error) {
        if (hasCode(error, 'ENOENT')) this.take(name, us);
      }
    }, TOUCH_MS).unref();
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
      },
    };
  }

  /** Writes a claim under a name of its own. The last one to give up a claim removes the folder. */
  #write(us: Claimant): string {
    const draft = join(this.#folder, `.${randomUUID()}`);
    for (;;) {
      mkdirSync(this.#folder, { recursive: true, mode: PRIVATE_MODE });
      try {
        writeFileSync(draft, `${JSON.stringify(us)}\n`, { flag: 'wx', mode: 0o600 });
        return draft;
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error;
      }
    }
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}

function parse(text: string): Claimant | undefined {
  try {
    return claimant.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Processes in a container are counted anew. */
function processNumbering(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
