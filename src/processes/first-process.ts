import type { Logger } from 'pino';

/** Tells in the log if this is process 1, as in a container without an init: what tasks leave behind is then ours, and Node takes no note of its end. */
export function warnIfFirstProcess(log: Logger): void {
  if (process.pid !== 1) return;
  log.warn(
    {},
    'runs as process 1: processes that tasks leave behind stay as zombies, for nobody takes note of their end; start the container with an init, such as by docker run --init, tini, or shareProcessNamespace',
  );
}
