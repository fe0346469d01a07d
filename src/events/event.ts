import { z } from 'zod';
import { PulpError } from '../errors.ts';
import type { EventCatalogue, EventType, LatestFacts } from './define-event.ts';
import { EVENT_TYPES } from './event-types.ts';
import { upcast } from './upcast.ts';

type EventTypes = typeof EVENT_TYPES;

/** The name of a type of event. */
export type EventTypeName = keyof EventTypes;

/** What happened, by type: the facts are those of the type's latest version, in which they are told whatever version was written. */
export type EventFacts<Name extends EventTypeName = EventTypeName> = {
  [Type in Name]: {
    readonly type: Type;
    readonly stream_kind: EventTypes[Type]['kind'];
    readonly schema_version: number;
    readonly data: LatestFacts<EventTypes[Type]>;
  };
}[Name];

/** What an event has to have for it to be parsed. */
export interface UnparsedEvent {
  readonly stream_kind: string;
  readonly stream_id: string;
  readonly version: number;
  readonly type: string;
  readonly schema_version: number;
  readonly data: unknown;
}

/** An event of the log, by type: the comments on the columns of `pulp.event` say what each means. */
export type PulpEvent<Name extends EventTypeName = EventTypeName> = EventFacts<Name> & {
  readonly position: number;
  readonly stream_id: string;
  readonly version: number;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly actor: string | null;
  readonly session_user: string | null;
  readonly recorded_at: Date;
};

/**
 * Parses an event of the log by its type and version; what else it has, such as its cursor, stays with it. Facts of older
 * versions are told as those of the latest.
 *
 * @throws PulpError LOG_UNREADABLE if type or version are not known, or the facts are not as they should be
 */
export function parseEvent<Row extends UnparsedEvent>(event: Row): Omit<Row, keyof EventFacts> & EventFacts {
  return parseBy(EVENT_TYPES, event) as Omit<Row, keyof EventFacts> & EventFacts;
}

/** As `parseEvent`, by another catalogue of types. */
export function parseBy<Row extends UnparsedEvent>(catalogue: EventCatalogue, event: Row): Row {
  const type = Object.hasOwn(catalogue, event.type) ? catalogue[event.type] : undefined;
  if (type === undefined) throw unknown(event, `there is no type ${event.type}`);
  const latest = type.versions.length;
  if (!(event.schema_version >= 1 && event.schema_version <= latest)) {
    throw unknown(event, `there is no version ${event.schema_version} of ${event.type}`);
  }
  if (event.stream_kind !== type.kind) {
    throw unreadable(event, `${event.type} belongs to a stream of kind ${type.kind}`, DAMAGED);
  }
  return { ...event, schema_version: latest, data: factsOf(event, type) };
}

function factsOf(event: UnparsedEvent, type: EventType): unknown {
  try {
    return upcast(type, event.schema_version, event.data);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    const at = ['data', ...(issue?.path ?? [])].map(String).join('.');
    throw unreadable(event, `${at} of ${event.type}: ${issue?.message ?? 'is not as it should be'}`, DAMAGED);
  }
}

const DAMAGED = 'It was changed, or written by something else than this engine: `pulp db verify` tells more.';

function unknown(event: UnparsedEvent, problem: string): PulpError {
  return unreadable(
    event,
    problem,
    'It was written by a newer version of pulp-tasking: upgrade, then read on.',
  );
}

function unreadable(event: UnparsedEvent, problem: string, remedy: string): PulpError {
  const which = `event ${event.version} of ${event.stream_kind} ${event.stream_id}`;
  return new PulpError('LOG_UNREADABLE', `${which}: ${problem}`, { remedy });
}
