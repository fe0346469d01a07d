import { DatabaseCommand } from './database-command.ts';
import { printable } from './printable.ts';
import { failureText } from './task-text.ts';
import { outages } from '../waiting/outages.ts';
import type { Task } from '../queries/task.ts';

/** A command that waits for tasks, or for resources. */
export abstract class WaitingCommand extends DatabaseCommand {
  protected override async init(): Promise<void> {
    await super.init();
    outages.on('lost', (error) => {
      this.logToStderr(printable(`Still waiting: ${error.message}`));
    });
    outages.on('over', () => {
      this.logToStderr('The database is back.');
    });
    outages.on('untold', (warning) => {
      this.logToStderr(printable(`Warning: ${warning}.`));
    });
  }

  /** Tells why a task that is over did not complete, and sets the exit code; says nothing of one that did. */
  protected reportFailure(task: Task): void {
    const failure = failureText(task);
    if (failure === undefined) return;
    this.logToStderr(printable(failure));
    this.exitWith(1);
  }

  /** Sets the exit code of a command that deals with several tasks: what is not there (3) says more than what failed. */
  protected exitWith(code: number): void {
    process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
  }
}
