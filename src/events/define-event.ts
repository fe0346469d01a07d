import type { z } from 'zod';

/** A type of event, in all its versions. */
export interface EventType<
  Kind extends string = string,
  Versions extends readonly z.ZodType[] = readonly z.ZodType[],
> {
  /** The kind of stream that it is in. */
  readonly kind: Kind;
  /** The shapes of its facts: those of version 1 first. */
  readonly versions: Versions;
  /** Of each version but the last: makes its facts those of the next. */
  readonly upcasters: readonly Upcaster[];
}

/** Makes the facts of one version those of the next; it knows nothing but them. */
export type Upcaster = (facts: never) => unknown;

/** Types of events by name. */
export type EventCatalogue = Readonly<Record<string, EventType>>;

/**
 * Says what a type of event looks like.
 *
 * @param shapes gives the shapes of its facts, those of version 1 first; asked when there is an event to be read: most processes read none
 * @param upcasters from each version to the next
 */
export function defineEvent<Kind extends string, const Versions extends readonly z.ZodType[]>(
  kind: Kind,
  shapes: () => Versions,
  upcasters: readonly Upcaster[] = [],
): EventType<Kind, Versions> {
  let versions: Versions | undefined;
  return {
    kind,
    upcasters,
    get versions() {
      if (versions !== undefined) return versions;
      const made = shapes();
      if (upcasters.length !== made.length - 1) {
        throw new TypeError(`${made.length} versions need ${made.length - 1} upcasters`);
      }
      return (versions = made);
    },
  };
}

/** The facts of a type's latest version. */
export type LatestFacts<Type extends EventType> = Type['versions'] extends readonly [
  ...unknown[],
  infer Last extends z.ZodType,
]
  ? Readonly<z.output<Last>>
  : never;
