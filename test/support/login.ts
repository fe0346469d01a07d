import { randomBytes } from 'node:crypto';
import { connect, databaseUrl } from './database.ts';

/** A user of the test run's server who has been granted nothing but some roles. */
export class Login implements AsyncDisposable {
  readonly name: string;
  readonly #password: string;

  private constructor(name: string, password: string) {
    this.name = name;
    this.#password = password;
  }

  /** `attributes` are those of `create role`. */
  static async create(roles: readonly string[], attributes = ''): Promise<Login> {
    const login = new Login(`login_${randomBytes(6).toString('hex')}`, randomBytes(12).toString('hex'));
    await using client = await connect(databaseUrl('postgres'));
    await client.query(`create role ${login.name} login password '${login.#password}' ${attributes}`);
    for (const role of roles) await client.query(`grant ${role} to ${login.name}`);
    return login;
  }

  /** The address of a database as this user. */
  at(url: string): string {
    const address = new URL(url);
    address.username = this.name;
    address.password = this.#password;
    return address.href;
  }

  /** What it owns must be gone: open it in a scope around that of its databases. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using client = await connect(databaseUrl('postgres'));
    await client.query(`drop role ${this.name}`);
  }
}
