/**
 * A process with a pool of horses of its own. Argument: where these have their cgroups; none: where it finds out itself. It runs `limit.escapes`, says where everything is, and waits for its end.
 */
import { readFileSync } from 'node:fs';
import { escapes, where } from './limit-tasks.ts';
import { TestPool } from './pool.ts';

const pool = await TestPool.make(process.argv[2] ?? '');
const placed = await pool.result(where);
const escaping = pool.start(escapes, { stays: true });
process.stdout.write(
  `${JSON.stringify({
    own: /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1],
    placed,
    ...(await escaping.progress),
  })}\n`,
);
await new Promise(() => {
  setInterval(() => undefined, 60_000);
});
