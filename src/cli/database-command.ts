import { PulpCommand } from './pulp-command.ts';

/** A command that uses this process's connections, which are closed when it has run. */
export abstract class DatabaseCommand extends PulpCommand {
  protected override async finally(): Promise<void> {
    if (!this.parsed) return; // it did not come as far as a connection
    const { closeConnection } = await import('../postgres/connection.ts');
    await closeConnection().catch(() => undefined); // one that could not be made was reported already
  }
}
