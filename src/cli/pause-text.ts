import type { Pause } from '../queries/pause.ts';
import { printableLine } from './printable.ts';

/** A pause in a sentence, with how it ends. */
export function pauseText({ kind, name, reason, actor, since, until }: Pause): string {
  const what = kind === 'all' ? 'Everything' : `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name}`;
  const why = reason === null ? '' : `: ${reason.replace(/\.$/, '')}`;
  const end =
    until === null
      ? `Let it go on: pulp resume ${[kind, name].join(' ').trim()}`
      : `It goes on at ${until.toISOString()}.`;
  return printableLine(
    `${what} is paused since ${since.toISOString()}${actor === null ? '' : ` by ${actor}`}${why}. ${end}`,
  );
}
