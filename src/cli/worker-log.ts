import { levels, pino, symbols, type Logger } from 'pino';
import { PulpError } from '../errors.ts';
import { priorityOf } from '../processes/journal.ts';
import { setLineForm, StandardError } from '../processes/standard-error.ts';
import { logText } from './log-text.ts';

/**
 * The log of a worker: one JSON object a line on stderr, or text if that is a terminal, at the level `PULP_LOG_LEVEL`. It never holds up the worker: if
 * nobody reads stderr, lines are dropped, and their bytes counted. In the journal of systemd each line has the priority of its level.
 *
 * @throws PulpError INVALID_INPUT if there is no such level
 */
export function workerLog(): Logger {
  const level = process.env['PULP_LOG_LEVEL'] ?? 'info';
  const known = [...Object.values(levels.labels), 'silent'];
  if (!known.includes(level)) {
    throw new PulpError('INVALID_INPUT', `PULP_LOG_LEVEL: ${JSON.stringify(level)} is no level`, {
      remedy: `Choose one of ${known.join(', ')}.`,
      exitCode: 2,
    });
  }
  setLineForm(logText);
  const stderr = new StandardError((bytes) => {
    log.warn({ bytes }, 'lines of this log were dropped: nobody read stderr');
  });
  const lines = {
    [symbols.needsMetadataGsym]: true, // pino writes down the level of each line
    lastLevel: 0,
    write: (line: string) => {
      stderr.log(line, priorityOf(lines.lastLevel));
    },
  };
  const log = pino({ level, base: null }, lines);
  return log;
}
