import { PulpError } from '../errors.ts';

/**
 * Reads JSON. The error shows nothing of the text, which may hold secrets.
 *
 * @param what names the text in the error, such as `--args`
 * @throws PulpError INVALID_INPUT with the position, from 0, at which it stops being JSON
 */
export function parseJson(text: string, what?: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const position = badPosition(text);
    throw new PulpError(
      'INVALID_INPUT',
      `${what === undefined ? '' : `${what}: `}bad JSON at position ${position}${position < text.length ? '' : ': it ends too early'}`,
      {
        remedy: 'Correct the JSON; in a shell, put it in single quotes.',
        exitCode: 2,
      },
    );
  }
}

/** Where a text stops being JSON: no message of JSON.parse can be relied on to say so. */
function badPosition(text: string): number {
  // Whether a text is wrong at its end or before it is monotonous in its length, so halving finds the place.
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (canBegin(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Whether JSON can begin with this. */
function canBegin(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as SyntaxError;
    const [, position] = /at position (\d+)/.exec(message) ?? [];
    if (position !== undefined) return Number(position) >= text.length;
    return message.includes('end of JSON');
  }
}
