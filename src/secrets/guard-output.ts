import type { Redactor } from './redaction.ts';

/** What a stream is not given yet, since it may be the beginning of a secret. */
interface Held {
  readonly redactor: Redactor;
  readonly text: string;
}

/** For so long it is held at most, in milliseconds: a prompt may end like that. */
const HOLD_MS = 100;

let isGuarded = false;

/** From now on, all that is written to stdout and stderr by way of `process` and `console` goes through this first. */
export function guardOutput(currentRedactor: () => Redactor | undefined): void {
  if (isGuarded) return;
  isGuarded = true;
  for (const stream of [process.stdout, process.stderr]) guard(stream, currentRedactor);
}

/** A secret may come in several writes: what may be its beginning waits for the next one. */
function guard(stream: NodeJS.WriteStream, currentRedactor: () => Redactor | undefined): void {
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  let held: Held | undefined;
  let release: NodeJS.Timeout | undefined;
  const take = (): Held | undefined => {
    clearTimeout(release);
    const taken = held;
    held = undefined;
    return taken;
  };
  const flush = () => {
    const taken = take();
    if (taken !== undefined) write(taken.redactor.text(taken.text));
  };
  process.on('exit', flush);
  stream.write = (chunk: unknown, ...rest: readonly unknown[]) => {
    const redactor = currentRedactor();
    if (held !== undefined && held.redactor !== redactor) flush();
    if (redactor === undefined) return write(chunk, ...rest);
    const begun = take()?.text ?? '';
    const text = `${begun}${textOf(chunk)}`;
    const end = redactor.complete(text);
    const said = text.slice(0, end);
    if (end < text.length) {
      held = { redactor, text: text.slice(end) };
      release = setTimeout(flush, HOLD_MS).unref();
    }
    const redacted = redactor.text(said);
    return write(begun === '' && redacted === text ? chunk : redacted, ...rest);
  };
}

function textOf(chunk: unknown): string {
  if (!(chunk instanceof Uint8Array)) return String(chunk);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString();
}
