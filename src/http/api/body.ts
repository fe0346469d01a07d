import { parseJson } from '../../tasks/json-text.ts';
import { HttpError, invalid } from '../http-error.ts';

const JSON_TYPE = /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i;

/**
 * Reads the body of a request as JSON.
 *
 * @param most how many bytes it may have
 * @throws HttpError 413 TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE, 400 INVALID_INPUT
 * @throws PulpError INVALID_INPUT with the position at which it stops being JSON
 */
export async function readJson(request: Request, most: number): Promise<unknown> {
  const type = request.headers.get('content-type');
  const bytes = await readBytes(request, most);
  if (bytes.length === 0) throw invalid('the body is missing', 'Send a JSON object.');
  if (type === null || !JSON_TYPE.test(type)) {
    throw new HttpError(415, 'UNSUPPORTED_MEDIA_TYPE', `a body of type ${type ?? 'unknown'} cannot be read`, {
      remedy: 'Send JSON, with `Content-Type: application/json`.',
    });
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('the body is not in UTF-8');
  }
  return parseJson(text, 'the body');
}

async function readBytes(request: Request, most: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new HttpError(413, 'TOO_LARGE', `the body is larger than ${most} bytes`, {
      remedy: 'Send less at once; nothing was done.',
      headers: { Connection: 'close' },
    });
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge();
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > most) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw invalid('the body ended too early', 'Send it again.');
  }
  return Buffer.concat(chunks);
}
