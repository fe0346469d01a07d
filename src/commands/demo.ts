import { DatabaseCommand } from '../cli/database-command.ts';
import type { DemoOutcome } from '../demo/run-demo.ts';

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
    const { exitCodeOf, onEndSignal } = await import('../processes/end-signals.ts');
    const interruption = new AbortController();
    let pressed = 0;
    let exitCode = 0;
    // Impatience alone must leave no tasks behind that nobody will ever run; if the database hangs, a third one helps.
    const unheard = onEndSignal((signal) => {
      pressed += 1;
      exitCode = exitCodeOf(signal);
      if (pressed === 1) {
        process.stderr.write('Interrupted: it ends what it has started.\n');
        interruption.abort();
      } else if (pressed === 2)
        process.stderr.write('It is about to end; a third signal leaves its tasks as they are.\n');
      else process.exit(exitCode);
    });
    try {
      const output = new Output(this.jsonEnabled() ? process.stderr : process.stdout);
      return await runDemo(output, interruption.signal);
    } catch (error) {
      if (error !== interruption.signal.reason) throw error;
      process.stderr.write('Nothing of it is left running or waiting.\n');
      process.exitCode = exitCode;
      return undefined;
    } finally {
      unheard();
    }
  }
}
