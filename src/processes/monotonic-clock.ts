/** The host's monotonic clock, in milliseconds: the same for all its processes, whenever they were started. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
