import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { REPORT_STATES } from '../queries/reported.ts';

/** How many reports a run may have, each with a code of its own; `pulp.are_reports` says the same. */
export const MOST_REPORTS = 100;

/** How many resources a run may say that it has created. */
export const MOST_CREATED = 1000;

/** What the code of a task says of one part of its work; the latest of each code counts. */
export interface Report {
  /** Names it among the reports of the task, such as `sync.downloading`. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** Default `running`; what waits or runs when the task ends, ends as the task does. */
  readonly state?: (typeof REPORT_STATES)[number] | undefined;
  /** How many there are to do. Default: nobody knows. */
  readonly total?: number | null | undefined;
  /** How many are done. Default 0. */
  readonly done?: number | undefined;
  /** The unit, for people. */
  readonly suffix?: string | null | undefined;
}

/** What was created by a task that failed or was canceled, for the `onAbandoned` of its type. */
export interface Abandoned {
  /** The id of the task. */
  readonly task: string;
  readonly state: 'failed' | 'canceled';
  /** What its runs have created, in order. */
  readonly created: readonly string[];
}

const report = z.strictObject({
  code: z.string().min(1).max(64),
  message: z.string().max(1024),
  state: z.enum(REPORT_STATES).default('running'),
  total: z.number().min(0).nullable().default(null),
  done: z.number().min(0).default(0),
  suffix: z.string().max(64).nullable().default(null),
});

/** @throws PulpError INVALID_INPUT if it is no report */
export function checkReport(given: Report): Required<Report> {
  const { data, error } = report.safeParse(given);
  if (data !== undefined) return data;
  throw new PulpError('INVALID_INPUT', `report: ${z.prettifyError(error)}`, {
    remedy: 'A report has a code, a message, and perhaps state, total, done and suffix.',
    exitCode: 2,
  });
}
