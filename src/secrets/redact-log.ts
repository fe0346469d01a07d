import type { Logger, LoggerOptions } from 'pino';
import { pinoModule } from '../log.ts';
import type { Redactor } from './redaction.ts';

/** Makes a log, and those made from it, write their lines without secrets. */
export function redactLog(log: Logger, redactor: Redactor): void {
  const { hooksSym } = pinoModule().symbols;
  const hooks = Reflect.get(log, hooksSym) as LoggerOptions['hooks'];
  Reflect.set(log, hooksSym, {
    ...hooks,
    streamWrite: (line: string) => `${redactor.json(hooks?.streamWrite?.(line) ?? line).trimEnd()}\n`,
  });
}
