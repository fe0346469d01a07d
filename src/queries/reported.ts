import { z } from 'zod';

/** The states that a report may be in. What waits or runs when the task ends, ends as the task does. */
export const REPORT_STATES = ['waiting', 'running', 'completed', 'skipped', 'failed', 'canceled'] as const;

/** One of several reports of a run, as Pulp has them: see the view `pulp.progress_report`. */
export const reportRow = z.object({
  code: z.string(),
  message: z.string(),
  state: z.enum(REPORT_STATES),
  total: z.number().nullable().optional(),
  done: z.number(),
  suffix: z.string().nullable().optional(),
});

/** What a task's code tells of it: the column `reported` of `pulp.task`. */
export const reportedColumn = z.object({
  reports: z.array(reportRow).optional(),
  created: z.array(z.string()).optional(),
});
