import { PulpError } from '../errors.ts';
import { PulpCommand } from './pulp-command.ts';

/** A command that uses this process's connections, which are closed when it has run. */
export abstract class DatabaseCommand extends PulpCommand {
  /** Tells somebody who will wait that no worker is online, if that is so and he may know. */
  protected async noticeIfNobodyWorks(): Promise<void> {
    const { listWorkers } = await import('../queries/worker.ts');
    try {
      const workers = await listWorkers();
      if (workers.some((worker) => worker.state === 'online')) return;
    } catch (error) {
      if (error instanceof PulpError && error.code === 'NOT_ALLOWED') return;
      throw error;
    }
    this.logToStderr('No worker is online; `pulp worker` starts one.');
  }

  protected override async finally(): Promise<void> {
    if (!this.parsed) return; // it did not come as far as a connection
    const { closeConnection } = await import('../postgres/connection.ts');
    await closeConnection().catch(() => undefined); // one that could not be made was reported already
  }
}
