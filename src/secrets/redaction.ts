import { AsyncLocalStorage } from 'node:async_hooks';
import { guardOutput } from './guard-output.ts';
import { SECRET_SHOWN } from './secret.ts';
import { spellingsOf, type Spelling } from './spellings.ts';

/**
 * A secret shorter than this, in characters, is found only where it stands alone: inside of other texts, something so
 * short is mostly there by chance.
 */
const MIN_LENGTH = 4;

/** How deep secrets are looked into for texts: payloads are not nested deeper. */
const MAX_DEPTH = 64;

/** A secret as long as this, in characters, is found whatever case its letters were given. */
const MIN_ANY_CASE = 8;

/** What may be filled into a secret: line ends and spaces, also as they are escaped in quotes, and the signs of escapes. */
const FILLING = /(?:\s|\\+[nrt]?)+/g;

/** Finds secrets in what is said. */
export class Redactor {
  readonly #wholes = new Set<string>();
  /** As they may stand inside of texts. */
  #exact: readonly Spelling[] = [];
  /** Those that are found in any case. */
  #folded: readonly Spelling[] = [];
  /** The same without what may be filled in. */
  #joined: readonly Spelling[] = [];

  constructor(secrets: readonly unknown[] = []) {
    this.add(secrets);
  }

  add(secrets: readonly unknown[]): void {
    const before = this.#wholes.size;
    for (const secret of secrets) collectTexts(secret, this.#wholes);
    if (this.#wholes.size === before) return;
    const spellings = [...this.#wholes].filter((text) => text.length >= MIN_LENGTH).flatMap(spellingsOf);
    this.#exact = spellings.filter(({ text }) => text.length < MIN_ANY_CASE);
    this.#folded = spellings
      .filter(({ text }) => text.length >= MIN_ANY_CASE)
      .map((spelling) => ({ ...spelling, text: fold(spelling.text) }));
    this.#joined = this.#folded
      .map((spelling) => ({ ...spelling, text: spelling.text.replaceAll(FILLING, '') }))
      .filter(({ text }) => text.length >= MIN_ANY_CASE);
  }

  /** The text without the secrets. */
  text(text: string): string {
    if (this.#wholes.size === 0) return text;
    if (this.#wholes.has(text)) return SECRET_SHOWN;
    const spans = [...this.#spans(text), ...this.#spansJoined(text)];
    return spans.length === 0 ? text : withoutSpans(text, spans);
  }

  /** Text in UTF-8 without the secrets. What is none stays as it is. */
  bytes(bytes: Uint8Array): Uint8Array {
    if (this.#wholes.size === 0) return bytes;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    const redacted = this.text(text);
    return redacted === text ? bytes : Buffer.from(redacted);
  }

  /** JSON text without the secrets, in its texts, keys and numbers; what is no JSON is taken for any text. */
  json(text: string): string {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.text(text);
    }
    return JSON.stringify(this.#value(value));
  }

  /** Up to where a text can be said: what follows may be the beginning of a secret. */
  complete(text: string): number {
    const folded = fold(text);
    const begun = Math.max(
      ...this.#exact.map((spelling) => overlap(text, spelling)),
      ...this.#folded.map((spelling) => overlap(folded, spelling)),
      0,
    );
    const end = text.length - begun;
    // What ends with a secret may seem to begin another one.
    return Math.max(end, ...this.#spans(text).map(([from, to]) => (from < end ? to : 0)));
  }

  #spans(text: string): Span[] {
    const folded = fold(text);
    return [
      ...this.#exact.flatMap((spelling) => spansOf(spelling, text)),
      ...this.#folded.flatMap((spelling) => spansOf(spelling, folded)),
    ];
  }

  /** Encoders break what is long into lines, and put spaces between bytes; each layer of quotes adds backslashes. */
  #spansJoined(text: string): Span[] {
    const fillings = [...text.matchAll(FILLING)];
    if (fillings.length === 0) return [];
    const places: number[] = [];
    let end = 0;
    for (const { 0: filling, index } of [...fillings, { 0: '', index: text.length }]) {
      for (let at = end; at < index; at += 1) places.push(at);
      end = index + filling.length;
    }
    const joined = text.replaceAll(FILLING, '');
    const folded = fold(joined);
    return this.#joined
      .flatMap((spelling) => spansOf(spelling, folded))
      .map(([from, to]) => [places[from] ?? 0, (places[to - 1] ?? text.length) + 1]);
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.#wholes.has(String(value)) ? SECRET_SHOWN : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      return this.#isSpeltOut(value) ? SECRET_SHOWN : value.map((member) => this.#value(member));
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [this.text(key), this.#value(member)]),
    );
  }

  /** Whether a list holds a secret byte by byte, or in pieces. */
  #isSpeltOut(list: readonly unknown[]): boolean {
    if (list.length < 2) return false;
    const isText = list.every((member) => typeof member === 'string');
    const isBytes =
      !isText && list.every((member) => Number.isInteger(member) && (member as number) >>> 8 === 0);
    if (!isText && !isBytes) return false;
    const text = isText ? list.join('') : Buffer.from(list as number[]).toString();
    if (this.text(text) === text) return false;
    return isBytes || list.every((member) => this.text(member as string) === member);
  }
}

/** From one place in a text up to another. */
type Span = readonly [from: number, to: number];

function spansOf({ text: spelt, before, after }: Spelling, text: string): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(spelt); at !== -1; at = text.indexOf(spelt, at + spelt.length)) {
    let to = Math.min(text.length, at + spelt.length + after);
    while (after > 0 && text[to] === '=') to += 1;
    spans.push([Math.max(0, at - before), to]);
  }
  return spans;
}

function withoutSpans(text: string, spans: readonly Span[]): string {
  let shown = '';
  let end = 0;
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    if (from >= end) shown += `${text.slice(end, from)}${SECRET_SHOWN}`;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}

/** Its Latin letters small. Nothing else is changed: places in it are those in the text. */
function fold(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** How many characters at the end of a text are those that a spelling begins with, while more of it may come. */
function overlap(text: string, { text: spelt, after }: Spelling): number {
  for (let length = Math.min(text.length, spelt.length - (after > 0 ? 0 : 1)); length > 0; length -= 1) {
    if (text.endsWith(spelt.slice(0, length))) return length;
  }
  return 0;
}

const storage = new AsyncLocalStorage<Redactor>();

/**
 * Runs code so that `redactText` and `redactJson` know these secrets, also across its awaits. What the code writes to stdout
 * or stderr of this process is redacted, too; what processes write that it starts is not.
 */
export function keepingSecret<T>(secrets: readonly unknown[], code: () => T): T {
  guardOutput(currentRedactor);
  return storage.run(new Redactor(secrets), code);
}

/** From now on, the run that we are in has these secrets, too. */
export function keepSecretToo(secrets: readonly unknown[]): void {
  storage.getStore()?.add(secrets);
}

/** Takes out the secrets of the run that we are in, wherever it is called then; undefined if the run has none. */
export function currentRedactor(): Redactor | undefined {
  return storage.getStore();
}

/** A text without the secrets of the run that we are in. */
export function redactText(text: string): string {
  return currentRedactor()?.text(text) ?? text;
}

/** JSON text without the secrets of the run that we are in. */
export function redactJson(text: string): string {
  return currentRedactor()?.json(text) ?? text;
}

/** The message of an error about a value that holds these secrets, without them. */
export function redactFrom(secrets: readonly unknown[], text: string): string {
  return secrets.length === 0 ? text : new Redactor(secrets).text(text);
}

/** Adds the texts that a secret consists of. What is no JSON, such as an object that a schema has made of it, has none. */
function collectTexts(secret: unknown, texts: Set<string>, depth = 1): void {
  if (typeof secret === 'number') texts.add(String(secret));
  if (typeof secret === 'string' && secret !== '') texts.add(secret);
  if (typeof secret !== 'object' || secret === null || depth > MAX_DEPTH) return;
  const prototype: unknown = Object.getPrototypeOf(secret);
  if (prototype !== null && prototype !== Object.prototype && prototype !== Array.prototype) return;
  for (const member of Object.values(secret)) collectTexts(member, texts, depth + 1);
}
