/** What a step gives, or undefined as soon as the signal aborts; the step is left to itself then. */
export async function unlessAborted<T>(
  step: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const abort = () => {
    aborted.resolve(undefined);
  };
  signal?.addEventListener('abort', abort);
  if (signal?.aborted === true) abort();
  try {
    return await Promise.race([step, aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
