import type { z } from 'zod';
import type { reportRow } from '../queries/reported.ts';

/** A report of a task, or those of a group's tasks summed, such as `Downloading: 17/120 files (running)`. */
export function reportText({ message, state, done, total, suffix }: z.infer<typeof reportRow>): string {
  const amount = total == null ? String(done) : `${done}/${total}`;
  return `${message}: ${suffix == null ? amount : `${amount} ${suffix}`} (${state})`;
}
