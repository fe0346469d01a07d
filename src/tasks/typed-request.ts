import type { z } from 'zod';
import type { TaskType } from './define-task.ts';
import type { EnqueueRequest } from './enqueue.ts';
import type { TaskHandle } from './task-handle.ts';

/** What has no member. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type, @typescript-eslint/consistent-type-definitions -- it is to be what may stand for optional members
type Nothing = {};

/** A value as a caller gives it, who may have it as a constant. */
type Given<T> = T extends object ? { readonly [Key in keyof T]: Given<T[Key]> } : T;

/** The arguments that schemas take: what nothing can stand for has to be said. */
type Arguments<ArgsSchema extends z.ZodType, KwargsSchema extends z.ZodType> = ([] extends z.input<ArgsSchema>
  ? { readonly args?: Given<z.input<ArgsSchema>> }
  : { readonly args: Given<z.input<ArgsSchema>> }) &
  (Nothing extends z.input<KwargsSchema>
    ? { readonly kwargs?: Given<z.input<KwargsSchema>> }
    : { readonly kwargs: Given<z.input<KwargsSchema>> });

/** What is said of a task beside its type: a parameter that may be left out only if its arguments may. */
export type RequestOptions<
  ArgsSchema extends z.ZodType,
  KwargsSchema extends z.ZodType,
  Said extends keyof EnqueueRequest = 'task',
> =
  Nothing extends Arguments<ArgsSchema, KwargsSchema>
    ? [options?: Omit<EnqueueRequest, 'args' | 'kwargs' | Said> & Arguments<ArgsSchema, KwargsSchema>]
    : [options: Omit<EnqueueRequest, 'args' | 'kwargs' | Said> & Arguments<ArgsSchema, KwargsSchema>];

/** A request with the arguments that its own task type takes. */
type FittingRequest<Request> = Request extends {
  readonly task: TaskType<infer ArgsSchema, infer KwargsSchema>;
}
  ? Request & Arguments<ArgsSchema, KwargsSchema>
  : Request;

/** Requests each of which has the arguments that its own task type takes, in order. */
export type FittingRequests<Requests extends readonly EnqueueRequest[]> = Requests & {
  readonly [Index in keyof Requests]: FittingRequest<NoInfer<Requests>[Index]>;
};

/** The same, of any number. */
export type FittingIterable<Request extends EnqueueRequest> = Iterable<Request> &
  ([Request] extends [FittingRequest<Request>] ? unknown : Iterable<FittingRequest<Request>>);

/** What the code of a request's task returns. */
type ResultOf<Request> = Request extends { readonly task: TaskType<z.ZodType, z.ZodType, infer Result> }
  ? Result
  : unknown;

/** The tasks that requests became, in order. */
export type HandlesOf<Requests extends readonly EnqueueRequest[]> = {
  -readonly [Index in keyof Requests]: TaskHandle<ResultOf<Requests[Index]>>;
};
