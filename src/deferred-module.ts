import { createRequire } from 'node:module';

const require: (name: string) => unknown = createRequire(import.meta.url);

/**
 * A module that is loaded at its first use. For those that the package's index reaches and that most horses never need: what a
 * horse loads costs memory, and time at its start.
 *
 * @param name of a package in CommonJS
 */
export function deferredModule(name: string): () => unknown {
  let loaded: unknown;
  return () => (loaded ??= require(name));
}
