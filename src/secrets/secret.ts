import { z } from 'zod';

/** How a secret is shown where its place has to be filled. */
export const SECRET_SHOWN = '(secret)';

/**
 * Marks a part of a task type's arguments as secret: `kwargs: z.object({ token: secret(z.string()) })`. What is there is
 * encrypted before it leaves the enqueueing process, and decrypted only where the task's code runs. The mark is metadata
 * of zod, `secret: true`: it is also in the JSON Schema that workers publish.
 */
export function secret<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.meta({ secret: true });
}

/** Whether a schema bears the mark itself. */
export function isSecret(schema: z.core.$ZodType): boolean {
  return z.globalRegistry.get(schema)?.['secret'] === true;
}
