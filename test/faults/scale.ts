/**
 * How much is broken: `PULP_FAULTS=long` for the counts that the engine is to be trusted by, `outage` for those and the
 * outage of ten minutes; without it, few of each kind, for every test run.
 */
const chosen = process.env['PULP_FAULTS'];

/** Whether the full counts are asked for. */
export const isLong = chosen === 'long' || chosen === 'outage';

/** Whether the outage of ten minutes is asked for. */
export const hasOutage = chosen === 'outage';

/** The count (or time) for this run. */
export function scaled(short: number, long: number): number {
  return isLong ? long : short;
}
