import { symbols, type Logger, type LoggerOptions } from 'pino';
import type { Redactor } from './redaction.ts';

/** Makes a log, and those made from it, write their lines without secrets. */
export function redactLog(log: Logger, redactor: Redactor): void {
  const hooks = Reflect.get(log, symbols.hooksSym) as LoggerOptions['hooks'];
  Reflect.set(log, symbols.hooksSym, {
    ...hooks,
    streamWrite: (line: string) => `${redactor.json(hooks?.streamWrite?.(line) ?? line).trimEnd()}\n`,
  });
}
