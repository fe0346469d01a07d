/**
 * A worker of the demonstration: `pulp worker`, on a leash. If the demonstration is gone, however it ended, it shuts down.
 */
import { main } from '../cli/main.ts';

/** How long what runs may go on before it is ended, in milliseconds. */
const GRACE_MS = 1000;

process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), GRACE_MS).unref();
});
process.channel?.unref(); // it must not keep a worker alive that has ended

await main(['worker', ...process.argv.slice(2)]);
