import { CronExpressionParser, type CronExpression } from 'cron-parser';
import { badRule } from './bad-rule.ts';
import type { WallClockTimes } from './wall-clock-times.ts';

const REMEDY =
  "Give five fields: minute, hour, day of month, month, day of week, such as '30 2 * * 1-5'; or @hourly, @daily, @weekly, @monthly, @yearly.";

const WORDS: ReadonlySet<string> = new Set([
  '@hourly',
  '@daily',
  '@weekly',
  '@monthly',
  '@yearly',
  '@annually',
]);

/** The fields, and the greatest step that leaves one more than its first value. */
const FIELDS = [
  ['minute', 59],
  ['hour', 23],
  ['day of month', 30],
  ['month', 11],
  ['day of week', 6],
] as const;

/**
 * Reads a line of cron. Fewer than five fields are refused, because the parser takes the missing ones for `*`; and so are seconds, `H`,
 * which it draws anew at each reading, and steps that a field has no room for.
 *
 * @throws PulpError BAD_SCHEDULE
 */
export function cronTimes(line: string): WallClockTimes {
  const fields = line.trim().split(/\s+/);
  if (line.trim().startsWith('@')) {
    if (!WORDS.has(line.trim())) throw badRule(`cron: unknown word ${JSON.stringify(line)}`, REMEDY);
  } else if (fields.length !== FIELDS.length) {
    throw badRule(`cron: ${JSON.stringify(line)} has ${fields.length} fields, and not five`, REMEDY);
  } else {
    fields.forEach(checkField);
  }
  const expression = parse(line.trim());
  const { minute, hour } = expression.fields;
  return {
    onClockChange: hour.values.length === 24 ? 'elapsing' : minute.values.length > 1 ? 'each' : 'once',
    next: (after) => {
      // The parser is always asked in UTC, and forward: in other zones its answer depends on where one asks from.
      expression.reset(new Date(after));
      try {
        return expression.next().getTime();
      } catch (error) {
        throw badRule(`cron: ${JSON.stringify(line)} never comes`, REMEDY, error);
      }
    },
  };
}

/** Whether a line gives both a day of month and a day of week: then it comes on each of them, which few expect. */
export function isEitherDay(line: string): boolean {
  const [, , dayOfMonth, , dayOfWeek] = line.trim().split(/\s+/);
  return [dayOfMonth, dayOfWeek].every((field) => field !== undefined && !field.startsWith('*'));
}

function checkField(field: string, index: number): void {
  const [name, mostStep] = FIELDS[index] ?? ['', 0];
  if (/[?HW]/i.test(field.replace(/[A-Z]{3}/gi, ''))) {
    throw badRule(`cron: ?, H and W are not taken in the ${name}`, REMEDY);
  }
  const step = Number(/\/(\d+)/.exec(field)?.[1] ?? 1);
  if (step < 1 || step > mostStep)
    throw badRule(`cron: a step of ${step} in the ${name} makes no sense`, REMEDY);
}

function parse(line: string): CronExpression {
  try {
    return CronExpressionParser.parse(line, { tz: 'UTC' });
  } catch (error) {
    throw badRule(
      `cron: ${JSON.stringify(line)}: ${error instanceof Error ? error.message : String(error)}`,
      REMEDY,
      error,
    );
  }
}
