/** A process with a pool of horses that have no cgroups of their own: says what became of a task that takes memory without end. */
import { eatsUnlimited } from './limit-tasks.ts';
import { TestPool } from './pool.ts';

await using pool = await TestPool.make(undefined);
process.stdout.write(`${JSON.stringify(await pool.result(eatsUnlimited))}\n`);
