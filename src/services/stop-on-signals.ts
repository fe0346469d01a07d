import type { Logger } from 'pino';

/** What can be told to end, first in peace and then at once. */
export interface Stoppable {
  /** How many tasks it has in hand. */
  readonly running: number;
  stop(options: { readonly deadlineMs?: number }): void;
  kill(): void;
}

/**
 * From now on, the first SIGTERM or SIGINT lets what runs finish, for `deadlineMs` at most if that is given; the next one
 * ends it.
 */
export function stopOnSignals(
  worker: Stoppable,
  {
    deadlineMs,
    log,
    onStop,
  }: {
    readonly deadlineMs?: number | undefined;
    readonly log: Logger;
    readonly onStop: (signal: NodeJS.Signals) => void;
  },
): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) {
      log.warn({ signal, running: worker.running }, 'ends what runs: its tasks will be canceled');
      worker.kill();
      return;
    }
    stopping = true;
    log.info(
      { signal, running: worker.running, deadlineMs },
      'stops when what runs has finished; a second signal ends it at once',
    );
    onStop(signal);
    worker.stop(deadlineMs === undefined ? {} : { deadlineMs });
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}
