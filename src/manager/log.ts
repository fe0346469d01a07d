/** What of a logger is needed here: one of pino, or whatever hands the lines on to one. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
