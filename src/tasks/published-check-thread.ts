/** The thread in which arguments are checked by schemas that the database holds: see `checkByPublished`. */
import { parentPort } from 'node:worker_threads';
import { z } from 'zod';
import { PulpError } from '../errors.ts';
import { checkArgument } from './check-argument.ts';
import type { PublishedAnswer, PublishedQuestion } from './published-check.ts';

const schemas = new Map<string, z.ZodType | undefined>();

parentPort?.on('message', (question: PublishedQuestion) => {
  parentPort?.postMessage(answer(question));
});
parentPort?.postMessage('ready');

function answer({ schema, value, path, secrets }: PublishedQuestion): PublishedAnswer {
  try {
    checkArgument(readSchema(schema), value, path, secrets);
    return { problem: null };
  } catch (error) {
    if (!(error instanceof PulpError)) throw error;
    return { problem: { message: error.message, remedy: error.remedy } };
  }
}

/** A schema as a worker published it; one that says more than can be read here is left to the worker. */
function readSchema(published: unknown): z.ZodType | undefined {
  const written = JSON.stringify(published);
  if (schemas.has(written)) return schemas.get(written);
  let schema: z.ZodType | undefined;
  try {
    schema = z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    schema = undefined;
  }
  schemas.set(written, schema);
  return schema;
}
