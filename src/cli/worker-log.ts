import { destination, levels, pino, type Logger } from 'pino';
import { PulpError } from '../errors.ts';

/**
 * The log of a worker: one JSON object a line on stderr, at the level `PULP_LOG_LEVEL`.
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
  return pino({ level, base: null }, destination({ dest: 2, sync: true }));
}
