import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, Hono } from 'hono';
import { actingAs, type Identity } from '../../postgres/identity.ts';
import type { Authenticator } from '../access/authenticator.ts';
import { identityFor, type Caller, type Right } from '../access/rights.ts';
import { HttpError } from '../http-error.ts';
import { readJson } from './body.ts';
import type { Operation } from './operation.ts';
import { parsed, readQuery } from './parameters.ts';

/** How many bytes a body may have where nothing else is said. */
const MOST_BYTES = 64 * 1024;

/** By whose rights everybody is told what everybody may know. */
const ANYBODY: Identity = { role: 'pulp_observer', actor: 'anybody', readOnly: true };

/** Has an app serve operations, and say of each path which methods it has. */
export function serveOperations(
  app: Hono,
  operations: readonly Operation[],
  authenticator: Authenticator,
): void {
  const methods = new Map<string, string[]>();
  for (const operation of operations) {
    const known = methods.get(operation.path) ?? [];
    methods.set(operation.path, [
      ...known,
      ...(operation.method === 'get' ? ['GET', 'HEAD'] : [operation.method.toUpperCase()]),
    ]);
    app.on(operation.method.toUpperCase(), operation.path, (context) =>
      serve(operation, context, authenticator),
    );
  }
  // The first that fits is taken: a path with names in it fits others.
  const paths = [...methods].sort(
    ([one], [other]) => Number(one.includes(':')) - Number(other.includes(':')),
  );
  for (const [path, known] of paths) {
    const allow = [...known, 'OPTIONS'].join(', ');
    app.options(path, () => new Response(null, { status: 204, headers: { Allow: allow } }));
    app.all(path, (context) => {
      throw new HttpError(405, 'METHOD_NOT_ALLOWED', `there is no ${context.req.method} here`, {
        remedy: `There are ${allow}.`,
        headers: { Allow: allow },
      });
    });
  }
}

async function serve(
  operation: Operation,
  context: Context,
  authenticator: Authenticator,
): Promise<Response> {
  const { right } = operation;
  const caller = right === 'anybody' ? undefined : await identify(context, authenticator);
  const identity = right === 'anybody' || caller === undefined ? ANYBODY : authorize(right, caller);
  context.set('actor', identity.actor);
  const request = context.req.raw;
  const query = readQuery(operation.query, new URL(request.url).searchParams);
  const body =
    operation.body && parsed(operation.body, await readJson(request, operation.mostBytes ?? MOST_BYTES));
  const part = (name: string) => context.req.param(name) ?? '';
  const confirm = async () => {
    if (right !== 'anybody') authorize(right, await authenticator.confirm(authorizationOf(context)));
  };
  return actingAs(identity, () => operation.run({ part, query, body, context, caller, confirm }));
}

function identify(context: Context, authenticator: Authenticator): Promise<Caller> {
  const address = getConnInfo(context).remote.address ?? '';
  return authenticator.identify(authorizationOf(context), address);
}

function authorizationOf(context: Context): string | undefined {
  return context.req.header('authorization');
}

function authorize(right: Right, caller: Caller): Identity {
  const identity = identityFor(caller, right);
  if (identity !== undefined) return identity;
  throw new HttpError(403, 'NOT_ALLOWED', `${caller.role} ${caller.actor} is not authorized to do this`, {
    remedy: 'It takes a token with more rights: see `pulp token create --role`.',
  });
}
