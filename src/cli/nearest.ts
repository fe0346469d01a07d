import { distance } from 'fastest-levenshtein';

/** The one of these words that was most likely meant; undefined: it is like none of them. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, edits: candidate.startsWith(word) ? 1 : distance(word, candidate) }))
    .filter(({ edits }) => edits <= Math.max(2, Math.floor(word.length / 3)))
    .sort((a, b) => a.edits - b.edits);
  return best?.candidate;
}
