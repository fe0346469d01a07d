import { PulpError, type ExitCode } from '../errors.ts';

/** An error that is about a request as such, with the status that it is answered with. */
export class HttpError extends PulpError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    { remedy, headers = {} }: { remedy: string; headers?: Readonly<Record<string, string>> },
  ) {
    const exitCode: ExitCode = status === 404 ? 3 : 2;
    super(code, message, { remedy, exitCode });
    this.status = status;
    this.headers = headers;
  }
}

/** There is nothing of what a request names. */
export function missing(problem: string, remedy: string): HttpError {
  return new HttpError(404, 'MISSING_RESOURCE', problem, { remedy });
}

/** A request says something that it may not. */
export function invalid(problem: string, remedy = 'Correct this value; nothing was done.'): HttpError {
  return new HttpError(400, 'INVALID_INPUT', problem, { remedy });
}
