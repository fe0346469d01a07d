import { DatabaseCommand } from './database-command.ts';
import { limitText } from './limit-text.ts';

/** A command about the limits of resources. */
export abstract class LimitCommand extends DatabaseCommand {
  /** Shows the limits of a resource, or of all. */
  protected async showLimits(url: string | undefined): Promise<unknown> {
    const { listLimits } = await import('../queries/resource-limit.ts');
    const { resourceName } = await import('../tasks/resource.ts');
    const limits = await listLimits(url === undefined ? undefined : resourceName(url));
    if (limits.length === 0) {
      this.logToStderr(url === undefined ? 'No resource has a limit.' : `${url} has no limit.`);
    }
    for (const limit of limits) this.log(limitText(limit));
    return limits;
  }
}
