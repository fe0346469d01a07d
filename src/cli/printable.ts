/**
 * Text of others made safe for a terminal: control characters are shown, not obeyed, also those that turn the direction of writing.
 * Line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, escape);
}

/** The same on one line. */
export function printableLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, escape);
}

function escape(character: string): string {
  return JSON.stringify(character)
    .slice(1, -1)
    .replace(/[\u007f-\uffff]/, unicode);
}

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
