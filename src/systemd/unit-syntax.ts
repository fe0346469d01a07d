import { PulpError } from '../errors.ts';

/** A unit file from its sections, each a list of settings in the order given. A setting that is undefined is left out. */
export function unitText(
  heading: string,
  sections: Readonly<Record<string, readonly (readonly [name: string, value: string | undefined])[]>>,
): string {
  const parts = Object.entries(sections).map(([name, settings]) => {
    const lines = settings.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
    return [`[${name}]`, ...lines].join('\n');
  });
  return `${heading}\n\n${parts.join('\n\n')}\n`;
}

/** A text as it stands, for settings that take the whole line: specifiers are taken for what they are, plain text. */
export function literal(text: string): string {
  refuse(text, /\p{Cc}/u);
  return text.replaceAll('%', '%%');
}

/**
 * A text as one word of a command line or list, for settings that split at spaces. A `$` stays: commands of ours are
 * written without the substitution of variables.
 */
export function word(text: string): string {
  const escaped = literal(text).replaceAll(/["\\]/g, String.raw`\$&`);
  return /^[\w./:@%+=,-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** The path of a program, first word of a command line: systemd takes no quotes in it. */
export function program(path: string): string {
  refuse(path, /["'\\]/);
  return word(path);
}

/** A length of time, given in milliseconds. */
export function timeSpan(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.ceil(ms)}ms`;
}

function refuse(text: string, characters: RegExp): void {
  const [found] = characters.exec(text) ?? [];
  if (found === undefined) return;
  throw new PulpError('INVALID_INPUT', `${JSON.stringify(text)} cannot stand in a unit file`, {
    remedy: `Use a path without ${JSON.stringify(found)}.`,
    exitCode: 2,
  });
}
