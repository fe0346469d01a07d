import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { stopEmbeddedServer } from '../../src/postgres/embedded-server.ts';
import { ROOT } from './repository.ts';

/** How long a snippet may take, in milliseconds. */
const PATIENCE_MS = 60_000;

/** Where npx looks for commands, from the folder of all pages. */
const BIN = 'node_modules/.bin';

/**
 * What the shell runs: it reads names of files from 3, runs each in itself, and says so on 4. It ends at the first command that
 * fails, and tells which.
 */
const READER = `
set -Eeuo pipefail
trap 'printf "line %s: exit code %s: %s\\n" "$LINENO" "$?" "$BASH_COMMAND" >&2' ERR
while IFS= read -r snippet <&3; do
  . "$snippet" < /dev/null 3<&- 4>&-
  echo done >&4
done`;

/** Makes a folder for pages, in which programs find this package and what it uses, and `pulp`. */
export async function preparePages(folder: string): Promise<void> {
  await mkdir(join(folder, BIN), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  await symlink(ROOT, join(folder, 'node_modules/pulp-tasking'));
  for (const name of ['zod', 'pg', 'pino', '@types', '@opentelemetry']) {
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const name of ['pulp', 'pulp-tasking'])
    await symlink(join(ROOT, 'bin/run.js'), join(folder, BIN, name));
}

/** The shell in which the snippets of one page run, one after the other, in a folder of its own. */
export class PageShell implements AsyncDisposable {
  readonly folder: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #answers: AsyncIterator<string>;
  #snippets = 0;
  #output = '';

  private constructor(folder: string, process: ChildProcess) {
    this.folder = folder;
    this.#process = process;
    this.#ended = once(process, 'exit');
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    const answers = createInterface({ input: process.stdio[4] as Readable });
    this.#answers = answers[Symbol.asyncIterator]();
    void this.#ended.then(() => {
      answers.close(); // what runs in the background may keep the pipe open
    });
  }

  /** @param pages a folder that `preparePages` has made */
  static async start(pages: string, name: string, databaseUrl: string): Promise<PageShell> {
    const folder = join(pages, name);
    await mkdir(join(folder, '.snippets'), { recursive: true });
    const inherited = Object.entries(process.env).filter(
      ([key]) => !/^(PULP_|DATABASE_URL$|NODE_|PG)/.test(key),
    );
    const shell = spawn('bash', ['-c', READER], {
      cwd: folder,
      env: {
        ...Object.fromEntries(inherited),
        DATABASE_URL: databaseUrl,
        HOME: folder,
        npm_config_offline: 'true', // npx is to find what is here, and never to fetch what has the same name
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        PATH: [join(pages, BIN), dirname(process.execPath), process.env['PATH']].join(':'),
        PULP_HOME: join(folder, '.home'),
        PULP_WORKING_DIRECTORY: join(folder, '.work'),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      detached: true, // so that all that it leaves behind can be ended with it
    });
    (shell.stdio[3] as Writable).on('error', () => undefined);
    return new PageShell(folder, shell);
  }

  /** Runs a snippet to its end. @throws Error with all that the page has written, if a command of it fails */
  async run(snippet: string): Promise<void> {
    const file = join(this.folder, '.snippets', `${(this.#snippets += 1)}.sh`);
    await writeFile(file, `${snippet}\n`);
    (this.#process.stdio[3] as Writable).write(`${file}\n`);
    const tooLong = setTimeout(() => {
      this.#output += `\nIt did not end in ${PATIENCE_MS / 1000} s.\n`;
      this.#kill();
    }, PATIENCE_MS);
    const { done } = await this.#answers.next();
    clearTimeout(tooLong);
    if (done === true) throw new Error(`it failed, after this output of the page:\n${this.#output}`);
  }

  /** Ends what runs in the background. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.#ended;
    await stopEmbeddedServer(join(this.folder, '.home'));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #kill(): void {
    const { pid } = this.#process;
    if (pid === undefined) return; // there is no bash
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // all of it has ended
    }
  }
}
