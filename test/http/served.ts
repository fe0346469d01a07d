import { pino } from 'pino';
import { closeConnection } from '../../src/index.ts';
import { createToken } from '../../src/http/access/token.ts';
import type { UserRole } from '../../src/http/access/rights.ts';
import { startServer, type RunningServer, type TimeLimits } from '../../src/http/server.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

/** How the server of a test is started. */
export interface ServedOptions {
  readonly hostNames?: readonly string[];
  /** Whether everybody may do everything. */
  readonly noAuth?: boolean;
  /** Gives the address by which the server works, from that of the owner. */
  readonly login?: (url: string) => string;
  readonly limits?: TimeLimits;
}

/** How a request of a test is made. */
export interface Asking {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose request it is; default: the operator's. */
  readonly as?: UserRole | undefined;
}

/** What was answered. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, whatever it is. */
  readonly data: never;
}

/** A server in this process, with a database of its own and a user of each role: `await using served = await Served.start()`. */
export class Served implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly server: RunningServer;
  readonly tokens: Readonly<Record<UserRole, string>>;

  private constructor(
    database: TestDatabase,
    server: RunningServer,
    tokens: Readonly<Record<UserRole, string>>,
  ) {
    this.database = database;
    this.server = server;
    this.tokens = tokens;
  }

  static async start({
    hostNames = [],
    noAuth = false,
    login = (url) => url,
    limits = {},
  }: ServedOptions = {}): Promise<Served> {
    const database = await createDatabase();
    process.env['DATABASE_URL'] = database.url;
    await closeConnection(); // a request that its client gave up may have opened one since the last server ended
    const token = async (role: UserRole) => (await createToken({ actor: `the-${role}`, role })).token;
    const tokens = {
      observer: await token('observer'),
      submitter: await token('submitter'),
      operator: await token('operator'),
    };
    await closeConnection();
    process.env['DATABASE_URL'] = login(database.url);
    const server = await startServer({
      host: '127.0.0.1',
      port: 0,
      log: pino({ level: 'silent' }),
      version: '1.2.3',
      hostNames,
      limits,
      everybody: noAuth ? { actor: 'everybody', role: 'operator' } : undefined,
    });
    return new Served(database, server, tokens);
  }

  get url(): string {
    return this.server.url;
  }

  /** Makes a request and reads its answer. */
  async ask(path: string, { method, body, headers = {}, as = 'operator' }: Asking = {}): Promise<Answered> {
    const response = await fetch(this.url + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        authorization: `Bearer ${this.tokens[as]}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    return { status, headers: answered, text, data: parsed(text) as never };
  }

  /** Enqueues a task; gives its id. */
  async enqueue(task: object, as?: UserRole): Promise<string> {
    const { status, text, data } = await this.ask('/api/v1/tasks', {
      as,
      body: { unchecked: true, ...task },
    });
    if (status !== 201) throw new Error(text);
    return (data as { id: string }).id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    await closeConnection();
    await this.database[Symbol.asyncDispose]();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
