import { z } from 'zod';
import {
  DEFAULT_QUEUE,
  DEPENDENCY_ENDS,
  MOST_PRIORITY,
  MOST_UNITS,
  type DependencyEnd,
} from '../constants.ts';
import type { Resource } from './resource.ts';
import type { TraceContext } from './tracing.ts';
import { uniqueOption, type Unique } from './unique.ts';
import type { Versions } from './versions.ts';

/** What can be said of a task beside its type and arguments. */
export interface EnqueueOptions {
  /** Resources that other tasks may share with it. */
  readonly sharedResources?: readonly Resource[];
  /** Of resources with a capacity that it shares with others: how many units of each it takes. Where none is said: one. */
  readonly units?: Readonly<Record<string, number>>;
  /** Default `default`. */
  readonly queue?: string;
  /** Higher is delivered first, among tasks that share no resource. Default 0. */
  readonly priority?: number;
  /** How long to wait first, by the database's clock: seconds, or a text such as `30s`. */
  readonly delay?: number | string;
  /** When to start at the earliest, by the database's clock. */
  readonly at?: Date | string;
  /** How often a failed run is tried again, with growing pauses. Default 0. */
  readonly retries?: number;
  /** How long one run may take: seconds, or a text such as `10m`. Default: without limit. */
  readonly timeout?: number | string;
  /** The group that it is in: one that was created, or any name that joins tasks. */
  readonly group?: string;
  /** Ids of tasks that have to be over before it begins, 256 at most. If one ends otherwise than `on` says, it is skipped. */
  readonly after?: readonly string[];
  /** How these have to end: `success` (completed) or `finish` (in whatever way). Default `success`. */
  readonly on?: DependencyEnd;
  /** Run it when all others of its group are over and all are dispatched; the group has to be created before. */
  readonly finally?: boolean;
  /** At most one task at a time: true, or how; see docs/unique.md. The handle given is that of the task that stands for the request. */
  readonly unique?: boolean | Unique;
  /** What the worker that runs it must have, by ranges of versions: `{ rpm: '>=2.1' }`. It waits for one that has; see docs/versions.md. */
  readonly requires?: Versions;
  /** Joins all that belongs to one request. Default: that of the enqueueing task, else the task's own id. */
  readonly correlationId?: string;
  /** A UUID of the caller's own: the same id with the same content is enqueued once. */
  readonly id?: string;
  /** The span that enqueues it, as W3C Trace Context writes it. Default: the one of OpenTelemetry that is active, else the enqueueing task's. */
  readonly traceContext?: TraceContext;
  /** Take the name although no worker has published it. */
  readonly unchecked?: boolean;
}

/** How an option is given on the command line. */
export interface OptionFlag {
  readonly name: string;
  /** What the flag takes, and how often: a `list`, `units` and `versions` can be repeated; `unique` has flags for its members, too. */
  readonly takes:
    'text' | 'integer' | 'duration' | 'choice' | 'nothing' | 'list' | 'units' | 'versions' | 'unique';
  /** Stands for the value in the help. */
  readonly value?: string;
  /** The flag that cannot be given beside it. */
  readonly excludes?: string;
  /** The flag that has to be given, too. */
  readonly needs?: string;
}

/** What there is to know of an option, wherever it can be given. */
export interface EnqueueOption {
  /** Its key in an item: of `pulp.enqueue_batch`, NDJSON and HTTP. */
  readonly key: string;
  /** What it says: a sentence, for the help of the command and the document of HTTP. */
  readonly help: string;
  /** What holds if it is not given, for the same. */
  readonly default?: string;
  /** Its type in an item, with the limits of numbers. Names, lengths and what belongs together are checked by `pulp.item_problem`. */
  readonly form: z.ZodType;
  /** Undefined: the command line has no flag for it. */
  readonly flag?: OptionFlag;
  /** A task type may give it for its tasks; see `TaskDefaults`. */
  readonly isTypeDefault?: true;
  /** It is of one task, and cannot be given for all that a schedule enqueues. */
  readonly isSingle?: true;
  /** Where a task has it, by the columns of `pulp.task`: from there another task like it is given the same. */
  readonly shownIn?: readonly [column: string, member?: string];
}

const span = z.union([z.number(), z.string()]);

/** How often a task may be tried again; `pulp.item_problem` says the same. */
const MOST_RETRIES = 9999;

/**
 * All options, in the order in which they are listed: the one declaration in TypeScript, from which requests, items, flags, defaults of
 * types and the bodies of HTTP follow. In SQL it is `pulp.enqueue_keys`.
 */
export const ENQUEUE_OPTIONS = {
  sharedResources: {
    key: 'shared_resources',
    help: 'A resource that others may share with it.',
    form: z.array(z.string()),
    flag: { name: 'shared-resource', takes: 'list', value: 'URL' },
  },
  units: {
    key: 'units',
    help: 'Of a resource with a capacity that it shares: how many units it takes.',
    form: z.record(z.string(), z.int().min(1).max(MOST_UNITS)),
    flag: { name: 'units', takes: 'units', value: 'URL=K' },
    shownIn: ['options', 'units'],
  },
  queue: {
    key: 'queue',
    help: 'The queue that delivers it.',
    default: DEFAULT_QUEUE,
    form: z.string(),
    flag: { name: 'queue', takes: 'text', value: 'NAME' },
    isTypeDefault: true,
    shownIn: ['queue'],
  },
  priority: {
    key: 'priority',
    help: 'Higher is delivered first, among tasks that share no resource.',
    default: '0',
    form: z.int().min(-MOST_PRIORITY).max(MOST_PRIORITY),
    flag: { name: 'priority', takes: 'integer', value: 'N' },
    isTypeDefault: true,
    shownIn: ['priority'],
  },
  delay: {
    key: 'delay',
    help: 'How long to wait first: seconds, or a text such as 30s.',
    form: span,
    flag: { name: 'delay', takes: 'duration', value: '30s', excludes: 'at' },
  },
  at: {
    key: 'at',
    help: 'When to start at the earliest, in ISO 8601 with its offset.',
    form: z.string(),
    flag: { name: 'at', takes: 'text', value: 'TIME' },
    isSingle: true,
  },
  retries: {
    key: 'retries',
    help: 'How often a failed run is tried again.',
    default: '0',
    form: z.int().min(0).max(MOST_RETRIES),
    flag: { name: 'retries', takes: 'integer', value: 'N' },
    isTypeDefault: true,
    shownIn: ['retries'],
  },
  timeout: {
    key: 'timeout',
    help: 'How long one run may take: seconds, or a text such as 10m.',
    default: 'without limit',
    form: span,
    flag: { name: 'timeout', takes: 'duration', value: '10m' },
    isTypeDefault: true,
    shownIn: ['timeout_seconds'],
  },
  group: {
    key: 'group',
    help: 'The group that it is in: one that was created, or any name that joins tasks.',
    form: z.string(),
    flag: { name: 'group', takes: 'text', value: 'ID' },
    shownIn: ['group_id'],
  },
  after: {
    key: 'after',
    help: 'A task that has to be over before it begins.',
    form: z.array(z.string()),
    flag: { name: 'after', takes: 'list', value: 'ID' },
  },
  on: {
    key: 'on',
    help: 'How these have to end: success (completed; else it is skipped) or finish (in whatever way).',
    default: 'success',
    form: z.enum(DEPENDENCY_ENDS),
    flag: { name: 'on', takes: 'choice', value: 'END', needs: 'after' },
  },
  finally: {
    key: 'finally',
    help: 'Run it when all others of its group are over and all are dispatched.',
    form: z.boolean(),
    flag: { name: 'finally', takes: 'nothing', needs: 'group' },
  },
  unique: {
    key: 'unique',
    help: 'At most one task at a time of this type with these arguments, or for the key.',
    form: uniqueOption,
    flag: { name: 'unique', takes: 'unique' },
    isTypeDefault: true,
    isSingle: true,
    shownIn: ['options', 'unique'],
  },
  requires: {
    key: 'requires',
    help: 'What its worker must have, by ranges of versions such as >=2.1.',
    form: z.record(z.string(), z.string()),
    flag: { name: 'requires', takes: 'versions', value: 'NAME=RANGE' },
    isTypeDefault: true,
    shownIn: ['options', 'requires'],
  },
  correlationId: {
    key: 'correlation_id',
    help: 'Joins all that belongs to one request.',
    form: z.string(),
    flag: { name: 'correlation-id', takes: 'text', value: 'ID' },
  },
  id: {
    key: 'id',
    help: 'A UUID of your own: the same id with the same content is enqueued once.',
    form: z.string(),
    flag: { name: 'id', takes: 'text', value: 'UUID' },
    isSingle: true,
  },
  traceContext: {
    key: 'trace_context',
    help: 'The span that enqueues it, as W3C Trace Context writes it.',
    form: z.strictObject({ traceparent: z.string(), tracestate: z.string().optional() }),
    isSingle: true,
  },
  unchecked: {
    key: 'unchecked',
    help: 'Take it although no worker has published its type.',
    form: z.boolean(),
  },
} as const satisfies Readonly<Record<keyof EnqueueOptions, EnqueueOption>>;

type Options = typeof ENQUEUE_OPTIONS;

/** The options of which something holds. */
type OptionsWith<Trait> = {
  [Name in keyof Options]: Options[Name] extends Trait ? Name : never;
}[keyof Options];

/** The options that a task type may give for its tasks. */
export type TypeDefaultName = OptionsWith<{ readonly isTypeDefault: true }>;

/** The options that are of one task alone. */
export type SingleName = OptionsWith<{ readonly isSingle: true }>;

/** All options by their names, for those who go through them. */
export const enqueueOptions = Object.entries(ENQUEUE_OPTIONS) as readonly (readonly [
  name: keyof EnqueueOptions,
  option: EnqueueOption,
])[];

/** The keys of an item, in their order; `pulp.enqueue_keys` has the same, and those that are not for callers. */
export const ITEM_KEYS: readonly string[] = [
  ...['name', 'args', 'kwargs', 'resources'],
  ...enqueueOptions.map(([, { key }]) => key),
];

/** Whether an option can be given of the task that runs last of a group: it is of that group, and no other can stand for it. */
export function isOfLastTask({ key }: EnqueueOption): boolean {
  return key !== 'group' && key !== 'finally' && key !== 'unique';
}

/** What an option says, with what holds if it is not given. */
export function optionHelp(option: EnqueueOption): string {
  return option.default === undefined ? option.help : `${option.help} Default: ${option.default}.`;
}
