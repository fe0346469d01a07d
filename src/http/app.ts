import type { Logger } from 'pino';
import { Hono } from 'hono';
import { Authenticator } from './access/authenticator.ts';
import { OriginCheck } from './access/origin.ts';
import type { Caller } from './access/rights.ts';
import { apiDocument } from './api/document.ts';
import { answer, operation, type Operation } from './api/operation.ts';
import { serveOperations } from './api/routes.ts';
import { echoCorrelation } from './correlation.ts';
import { HttpError } from './http-error.ts';
import { servePage } from './page/serve-page.ts';
import { PROBLEM_TYPE, tellError } from './problem.ts';
import { z } from 'zod';

/** What a server is made with. */
export interface AppOptions {
  readonly log: Logger;
  readonly version: string;
  readonly components: Readonly<Record<string, string>>;
  readonly operations: readonly Operation[];
  /** Who everybody is, where nobody has to say it. */
  readonly everybody?: Caller | undefined;
  /** Names by which clients reach the server, beside addresses, `localhost` and that of this host. */
  readonly hostNames?: readonly string[];
  /** Whether the server is about to end, so that no connection is to be kept. */
  readonly isStopping: () => boolean;
}

/** Where the document of the API is; Pulp's clients look for it at the second. */
const DOCUMENT_PATHS = { openapi: '/api/v1/openapi.json', openapi_pulp: '/pulp/api/v3/docs/api.json' };

/** What every answer says to browsers: nothing of it is to be run, framed, guessed at or shown to other sites. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** Puts together what the server answers. */
export function createApp({ log, everybody, hostNames = [], isStopping, ...api }: AppOptions): Hono {
  const app = new Hono();
  const authenticator = new Authenticator(everybody, log);
  const origins = new OriginCheck(hostNames);
  const document = JSON.stringify(
    apiDocument(api.operations, { ...api, needsToken: authenticator.isRequired }),
  );
  const documents = Object.entries(DOCUMENT_PATHS).map(([id, path]) => documentOperation(id, path, document));

  app.use(async (context, next) => {
    const began = performance.now();
    const { method, path } = context.req;
    await next();
    const { headers } = context.res;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!headers.has(name)) headers.set(name, value);
    }
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
    if (isStopping()) headers.set('Connection', 'close');
    const { status } = context.res;
    const level = status >= 500 ? 'error' : method === 'GET' || method === 'HEAD' ? 'debug' : 'info';
    const ms = Math.round((performance.now() - began) * 10) / 10;
    log[level]({ method, path, status, actor: context.get('actor' as never), ms }, 'request');
  });
  app.use(echoCorrelation);
  app.use(async (context, next) => {
    origins.check(context.req.method, (name) => context.req.header(name));
    await next();
  });
  servePage(app);
  serveOperations(app, [...documents, ...api.operations], authenticator);
  app.notFound((context) => {
    throw new HttpError(404, 'NOT_FOUND', `there is nothing at ${context.req.path.slice(0, 200)}`, {
      remedy: `${DOCUMENT_PATHS.openapi} says what there is.`,
    });
  });
  app.onError((error) => {
    const { status, headers, body, isOurs } = tellError(error);
    if (isOurs) log.error({ err: error }, 'a request failed');
    return answer(status, body, { ...headers, 'Content-Type': PROBLEM_TYPE });
  });
  return app;
}

function documentOperation(id: string, path: string, document: string): Operation {
  return operation({
    id,
    method: 'get',
    path,
    summary: 'This document.',
    right: 'anybody',
    query: z.strictObject({}),
    answers: { 200: { description: 'An OpenAPI document.', schema: z.looseObject({}) } },
    run: () => Promise.resolve(new Response(document, { headers: { 'Content-Type': 'application/json' } })),
  });
}
