import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** A piece of a line in one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line of output; every character in it is one column wide. */
export type Line = readonly (string | Span)[];

export function span(text: string, style: Style): Span {
  return { text, style };
}

/** The line cut to so many columns, with an ellipsis where something was cut off. */
export function fit(line: Line, columns: number): Line {
  const width = line.reduce((sum, piece) => sum + textOf(piece).length, 0);
  if (width <= columns) return line;
  const fitted: (string | Span)[] = [];
  let room = columns - 1;
  for (const piece of line) {
    if (room <= 0) break;
    const text = textOf(piece).slice(0, room);
    fitted.push(typeof piece === 'string' ? text : { ...piece, text });
    room -= text.length;
  }
  return columns > 0 ? [...fitted, '…'] : [];
}

/** The line as text for a stream: with colours if it is a terminal that shows them and NO_COLOR is not set. */
export function paint(line: Line, stream: NodeJS.WriteStream): string {
  return line
    .map((piece) => (typeof piece === 'string' ? piece : styleText(piece.style, piece.text, { stream })))
    .join('');
}

function textOf(piece: string | Span): string {
  return typeof piece === 'string' ? piece : piece.text;
}
