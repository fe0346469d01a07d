import { constants } from 'node:os';
import { isNohup } from './launcher.ts';

/** Signals that ask a program to end: from another program, by Ctrl-C, and since its terminal is gone. */
export const END_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];

export type EndSignal = (typeof END_SIGNALS)[number];

/**
 * Calls back at each signal that asks this process to end, which then no longer ends by it. Whoever starts a program with nohup has it
 * outlive its terminal: then SIGHUP is ignored.
 *
 * @returns what ends that
 */
export function onEndSignal(listener: (signal: EndSignal) => void): () => void {
  const outlivesTerminal = isNohup();
  const hear = (signal: EndSignal) => {
    if (signal !== 'SIGHUP' || !outlivesTerminal) listener(signal);
  };
  for (const signal of END_SIGNALS) process.on(signal, hear);
  return () => {
    for (const signal of END_SIGNALS) process.off(signal, hear);
  };
}

/** What a program that a signal has ended exits with, by the shells' convention. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
