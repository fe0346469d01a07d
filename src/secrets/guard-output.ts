import { HeldOutput } from './held-output.ts';
import type { Redactor } from './redaction.ts';

let isGuarded = false;

/** From now on, all that is written to stdout and stderr by way of `process` and `console` goes through this first. */
export function guardOutput(currentRedactor: () => Redactor | undefined): void {
  if (isGuarded) return;
  isGuarded = true;
  for (const stream of [process.stdout, process.stderr]) guard(stream, currentRedactor);
}

function guard(stream: NodeJS.WriteStream, currentRedactor: () => Redactor | undefined): void {
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  /** Of several runs at once, each has its own: what another one writes in between ends no secret. */
  const outputs = new Map<Redactor, HeldOutput>();
  process.on('exit', () => {
    for (const output of outputs.values()) output.end();
  });
  stream.write = (chunk: unknown, ...rest: readonly unknown[]) => {
    const redactor = currentRedactor();
    if (redactor === undefined) return write(chunk, ...rest);
    let output = outputs.get(redactor);
    if (output === undefined) {
      output = new HeldOutput(redactor, (late) => {
        outputs.delete(redactor);
        write(late);
      });
      outputs.set(redactor, output);
    }
    const text = textOf(chunk);
    const said = output.take(text);
    if (!output.isHolding) outputs.delete(redactor);
    return write(said === text ? chunk : said, ...rest);
  };
}

function textOf(chunk: unknown): string {
  if (!(chunk instanceof Uint8Array)) return String(chunk);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString();
}
