import { PulpError } from '../errors.ts';
import type { Versions } from '../tasks/versions.ts';

/** Versions, or ranges of them, given as NAME=VERSION, or as NAME>=VERSION and the like, each by a flag of its own. @throws PulpError INVALID_INPUT */
export function versionsOf(given: readonly string[], flag: string): Versions {
  const pairs = given.map((text) => {
    const [, name = '', version = ''] = /^([^=<>!~^]+)(?:=|(?=[<>!~^]))(.+)$/s.exec(text) ?? [];
    if (name !== '') return [name, version] as const;
    throw new PulpError('INVALID_INPUT', `${flag}: ${JSON.stringify(text)} is no NAME=VERSION`, {
      remedy: `Give such as ${flag} rpm=2.1.0`,
      exitCode: 2,
    });
  });
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw new PulpError('INVALID_INPUT', `${flag}: names something twice`, {
      remedy: 'Give each name once; conditions of a range go into one: rpm=">=2.1 <3".',
      exitCode: 2,
    });
  }
  return Object.fromEntries(pairs);
}
