import { levels } from 'pino';
import { printableLine } from './printable.ts';

/** What every line says, or what stands elsewhere in its text. */
const KNOWN = new Set(['level', 'time', 'worker', 'task', 'horse', 'correlation_id', 'err']);

/** A line of a log, given as JSON, for somebody at a terminal. What is no JSON stays as it is, but for control characters. */
export function logText(line: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return printableLine(line);
  }
  const { level, time, worker, task, output, err } = fields;
  const head = [
    new Date(Number(time)).toISOString().slice(11, 23),
    (levels.labels[Number(level)] ?? '').toUpperCase().padEnd(5),
    ...(typeof worker === 'string' ? [worker] : []),
    ...(typeof task === 'string' ? [task] : []),
  ];
  if (output !== undefined) {
    const said =
      typeof output === 'object' && output !== null
        ? saidBy(output as Record<string, unknown>)
        : textOf(output);
    return printableLine([...head, '|', said].join(' '));
  }
  const error = err as { readonly message?: unknown } | undefined;
  return printableLine([...head, saidBy(fields), ...(error ? [textOf(error.message)] : [])].join(' '));
}

function saidBy({ msg, ...fields }: Readonly<Record<string, unknown>>): string {
  const others = Object.entries(fields)
    .filter(([name]) => !KNOWN.has(name))
    .map(([name, value]) => `${name}=${textOf(value)}`);
  return [...(msg === undefined ? [] : [textOf(msg)]), ...others].join(' ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
