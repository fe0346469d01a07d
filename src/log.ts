import type { pino } from 'pino';
import { deferredModule } from './deferred-module.ts';

/** What makes loggers. */
export const pinoModule = deferredModule('pino') as () => typeof pino;

/** What of a logger is needed here: one of pino, or whatever hands the lines on to one. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

let standard: Log | undefined;

/** Where functions log whose caller names nothing else: JSON lines on stderr, at the level `PULP_LOG_LEVEL`. */
export function standardLog(): Log {
  const makeLogger = pinoModule();
  return (standard ??= makeLogger(
    { level: process.env['PULP_LOG_LEVEL'] ?? 'info', base: null },
    makeLogger.destination(2),
  ));
}
