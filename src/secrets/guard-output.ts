let isGuarded = false;

/** From now on, all that is written to stdout and stderr by way of `process` and `console` goes through this first. */
export function guardOutput(redact: (text: string) => string): void {
  if (isGuarded) return;
  isGuarded = true;
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
    stream.write = (chunk: unknown, ...rest: readonly unknown[]) =>
      write(typeof chunk === 'string' ? redact(chunk) : redactBytes(chunk, redact), ...rest);
  }
}

/** Bytes stay as they are unless there is something to take out. */
function redactBytes(chunk: unknown, redact: (text: string) => string): unknown {
  if (!(chunk instanceof Uint8Array)) return chunk;
  const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString();
  const redacted = redact(text);
  return redacted === text ? chunk : Buffer.from(redacted);
}
