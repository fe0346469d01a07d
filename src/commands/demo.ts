import { once } from 'node:events';
import { DatabaseCommand } from '../cli/database-command.ts';
import type { DemoOutcome } from '../demo/run-demo.ts';

/** What a process that was interrupted exits with, by the shells' convention: 128 and the signal's number. */
const INTERRUPTED = 130;

export default class Demo extends DatabaseCommand {
  static override readonly summary =
    'Show the engine at work: workers, tasks that contend for resources, and what SQL says of it.';
  static override readonly description =
    'Takes some 15 seconds and ends by itself. Its tasks are in a group, and go through a queue, of their own.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<DemoOutcome | undefined> {
    await this.parse(Demo);
    const { Output } = await import('../demo/output.ts');
    const { runDemo } = await import('../demo/run-demo.ts');
    const interruption = new AbortController();
    const ended = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM']) {
      void once(process, signal, { signal: ended.signal }).then(
        () => {
          interruption.abort();
        },
        () => undefined,
      );
    }
    try {
      const output = new Output(this.jsonEnabled() ? process.stderr : process.stdout);
      return await runDemo(output, interruption.signal);
    } catch (error) {
      if (!interruption.signal.aborted) throw error;
      process.stderr.write('Interrupted: the demonstration has ended its workers and canceled its tasks.\n');
      process.exitCode = INTERRUPTED;
      return undefined;
    } finally {
      ended.abort();
    }
  }
}
