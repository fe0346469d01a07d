/** Whose output it is, as far as that is known. */
export interface OutputSource {
  readonly worker: string;
  readonly task?: { readonly id: string; readonly name: string } | undefined;
  readonly stream: 'stdout' | 'stderr';
}

/**
 * Wraps lines that the code of tasks has written: each becomes a line of JSON that says whose it is, with what was written under
 * `output`, as JSON if it is an object. So whatever it is, it is no line of the worker's own.
 */
export function wrapOutput(lines: string, { worker, task, stream }: OutputSource): string {
  const head = { time: Date.now(), worker, ...(task && { task: task.id, name: task.name }), stream };
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const output = parsed(line) ?? line;
      return `${JSON.stringify({ level: levelOf(output), ...head, output })}\n`;
    })
    .join('');
}

/** What was logged as JSON. */
function parsed(line: string): object | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as object;
  } catch {
    return undefined;
  }
}

/** The level that a task's logger gave its line, else that of information. */
function levelOf(output: object | string): number {
  const level: unknown = typeof output === 'object' && 'level' in output ? output.level : undefined;
  return typeof level === 'number' && level >= 10 && level <= 60 ? level : 30;
}
