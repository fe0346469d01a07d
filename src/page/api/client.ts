import { hearTime } from '../clock.ts';
import { needsToken, token } from './session.ts';

/** What went wrong, as the server tells it. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;

  constructor(status: number, { detail, code, remedy }: { detail: string; code: string; remedy: string }) {
    super(detail);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

/** Parameters of a query; those that are undefined or empty are left out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A query as it stands in an address, with the question mark; empty if there is none. */
export function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    if (typeof value === 'object') for (const one of value) parameters.append(name, one);
    else parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** Asks the server for something. @throws ApiError */
export async function read<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await request(`/api/v1/${path}${queryText(query)}`, signal ? { signal } : {});
  return (await response.json()) as T;
}

/** A moment as JSON has it. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Asks the server for something, of which moments become dates. @throws ApiError */
export async function readDated<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await request(`/api/v1/${path}`, signal ? { signal } : {});
  const dated = (_: string, value: unknown) =>
    typeof value === 'string' && TIME.test(value) ? new Date(value) : value;
  return JSON.parse(await response.text(), dated) as T;
}

/** Asks the server to do something. @throws ApiError */
export async function act<T>(path: string, body: object, method: 'POST' | 'PATCH' = 'POST'): Promise<T> {
  const response = await request(`/api/v1/${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return (await response.json()) as T;
}

/** Makes a request with the token that there is. @throws ApiError */
export async function request(address: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token.value !== '') headers.set('authorization', `Bearer ${token.value}`);
  let response: Response;
  try {
    // Without credentials of the browser's own: it would ask for some when the server wants a token.
    response = await fetch(address, { ...init, headers, cache: 'no-store', credentials: 'omit' });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError(0, {
      detail: 'the server cannot be reached',
      code: 'SERVER_UNREACHABLE',
      remedy: 'The page goes on by itself when it is back.',
    });
  }
  hearTime(response.headers.get('date'));
  if (response.ok) return response;
  if (response.status === 401) needsToken.value = true;
  throw new ApiError(response.status, await problemOf(response));
}

async function problemOf(response: Response) {
  const nothing = { detail: `it answered ${response.status}`, code: 'UNEXPECTED', remedy: 'Try again.' };
  const told = (await response.json().catch(() => ({}))) as Partial<typeof nothing>;
  return { ...nothing, ...told };
}
