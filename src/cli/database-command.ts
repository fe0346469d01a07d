import { setTimeout as pause } from 'node:timers/promises';
import { PulpError } from '../errors.ts';
import { PulpCommand } from './pulp-command.ts';

/** How long connections may take to close, in milliseconds: those that still wait for an answer end with the process. */
const CLOSE_MS = 500;

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
    const closed = closeConnection().catch(() => undefined); // one that could not be made was reported already
    await Promise.race([closed, pause(CLOSE_MS)]);
  }
}
