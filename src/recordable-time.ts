/** The years that ISO 8601 writes with four digits, and that Postgres reads so. */
const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/** Whether there is such a time, and Postgres takes it as it is written. */
export function isRecordable(time: Date): boolean {
  return time.getTime() >= FIRST && time.getTime() <= LAST; // of no time, neither
}
