import { inspect } from 'node:util';

/** A secret as it may stand inside of texts. */
export interface Spelling {
  readonly text: string;
  /** How many characters beside it tell something of it, too: those that base64 makes of its bytes and of others. */
  readonly before: number;
  readonly after: number;
}

/** How much of a secret is looked for in all its spellings, in characters; of the rest as it is, and in JSON. */
const MAX_SPELT = 64 * 1024;

/** A line of a secret is looked for by itself if it is as long, in characters: what is shorter may be there by chance. */
const MIN_LINE = 16;

/** How many bytes Node shows of a buffer. */
const SHOWN_BYTES = 50;

/** How programs write a text: see `docs/secrets.md` for the list. */
export function spellingsOf(whole: string): readonly Spelling[] {
  const text = whole.slice(0, MAX_SPELT);
  const plain = [whole, whole.trim(), inJson(whole), ...linesOf(whole)];
  const all = [...plain, ...variantsOf(text), ...plain.flatMap((spelt) => [inJson(spelt)])];
  return [
    ...[...new Set(all)]
      .filter((spelt) => spelt !== '')
      .map((spelt) => ({ text: spelt, before: 0, after: 0 })),
    ...[text, ...linesOf(text)].flatMap((part) => inBase64(Buffer.from(part))),
    ...inBase64(Buffer.from(text, 'utf16le')),
  ];
}

/** The lines of a text of several. */
function linesOf(text: string): readonly string[] {
  if (!/[\r\n]/.test(text)) return [];
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line.length >= MIN_LINE && !line.startsWith('-----')); // all keys have those lines
}

function variantsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const percent = encodeURIComponent(text.toWellFormed());
  return [
    ...[
      text.toUpperCase(),
      text.toLowerCase(),
      text.normalize('NFC'),
      text.normalize('NFD'),
      bytes.toString('latin1'),
    ],
    // In JSON of other languages, in code, in a shell and in markup.
    inJson(text).replaceAll('/', '\\/'),
    inJson(text).replaceAll(/[^\0-\x7f]/g, (character) => `\\u${hexOf(character.charCodeAt(0), 4)}`),
    inspect(text).slice(1, -1),
    text.replaceAll("'", String.raw`'\''`),
    text.replaceAll(/[^\w@%+=:,./-]/g, String.raw`\$&`),
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
    // In addresses and forms.
    ...[percent, percent.replaceAll(/[!'()*]/g, (character) => `%${hexOf(character.charCodeAt(0), 2)}`)],
    ...[encodeURIComponent(percent), ...inUrl(text)],
    new URLSearchParams({ '': text }).toString().slice(1),
    // Byte by byte.
    ...['', ':', '-'].map((between) => hexBytes(bytes).join(between)),
    ...['%', String.raw`\x`].map((sign) =>
      hexBytes(bytes)
        .map((byte) => `${sign}${byte}`)
        .join(''),
    ),
    ...(bytes.length > SHOWN_BYTES ? [hexBytes(bytes.subarray(0, SHOWN_BYTES)).join('')] : []),
    bytes.join(','),
    Array.from(text, (character) => `&#${character.codePointAt(0) ?? 0};`).join(''),
  ];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function hexOf(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}

function hexBytes(bytes: Buffer): readonly string[] {
  return Array.from(bytes, (byte) => hexOf(byte, 2));
}

/** As the parts of an address have it, which are each escaped in a way of its own. */
function inUrl(text: string): readonly string[] {
  const url = new URL('http://host/');
  url.password = text;
  url.pathname = `/${text}`;
  url.search = text;
  url.hash = text;
  return [url.password, url.pathname.slice(1), url.search.slice(1), url.hash.slice(1)];
}

/** What is the same wherever the bytes begin in what is encoded: of four characters three bytes are made. */
function inBase64(bytes: Buffer): readonly Spelling[] {
  return [0, 1, 2].flatMap((shift): Spelling[] => {
    const length = bytes.length + shift;
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const first = Math.ceil((shift * 8) / 6);
    const text = encoded.slice(first, Math.floor((length * 8) / 6));
    const edges = { before: shift === 0 ? 0 : 1, after: length % 3 === 0 ? 0 : 1 };
    return [...new Set([text, text.replaceAll('+', '-').replaceAll('/', '_')])]
      .filter((spelt) => spelt.length >= 4)
      .map((spelt) => ({ text: spelt, ...edges }));
  });
}
