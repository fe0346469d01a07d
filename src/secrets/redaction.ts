import { AsyncLocalStorage } from 'node:async_hooks';
import { MOST_LEVELS } from '../constants.ts';
import { guardOutput } from './guard-output.ts';
import { SECRET_SHOWN } from './secret.ts';
import { spellingsOf, type Spelling } from './spellings.ts';

/**
 * A secret shorter than this, in characters, is found only where it stands alone: inside of other texts, something so
 * short is mostly there by chance.
 */
const MIN_LENGTH = 4;

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
    const spans = [...this.#spans(text), ...this.#spansJoined(joinedText(text))];
    return spans.length === 0 ? text : withoutSpans(text, spans);
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

  /** Up to where a text can be said: what follows may be the beginning of a secret, or is of the line in which that is. */
  complete(text: string): number {
    if (this.#wholes.size === 0) return text.length;
    const folded = fold(text);
    const joined = joinedText(text);
    const foldedJoined = fold(joined.text);
    let end = Math.min(
      ...this.#exact.map((spelling) => beginningOf(spelling, text)),
      ...this.#folded.map((spelling) => beginningOf(spelling, folded)),
      ...this.#joined.map((spelling) => joined.places[beginningOf(spelling, foldedJoined)] ?? text.length),
    );
    if (end >= text.length) return text.length;
    const spans = [...this.#spans(text), ...this.#spansJoined(joined)];
    do {
      end = end === 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1;
      end = Math.min(end, ...spans.map(([from, to]) => (from < end && end < to ? from : end)));
    } while (end > 0 && text.charAt(end - 1) !== '\n');
    return end;
  }

  #spans(text: string): Span[] {
    const folded = fold(text);
    return [
      ...this.#exact.flatMap((spelling) => spansOf(spelling, text)),
      ...this.#folded.flatMap((spelling) => spansOf(spelling, folded)),
    ];
  }

  #spansJoined({ text, places }: JoinedText): Span[] {
    const folded = fold(text);
    return this.#joined
      .flatMap((spelling) => spansOf(spelling, folded))
      .map(([from, to]) => [places[from] ?? 0, (places[to - 1] ?? 0) + 1]);
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

/** A text without what encoders fill in: they break what is long into lines, and put spaces between bytes; quotes add backslashes. */
interface JoinedText {
  readonly text: string;
  /** Where in the text as it was each of its characters is. */
  readonly places: readonly number[];
}

function joinedText(text: string): JoinedText {
  const places: number[] = [];
  let joined = '';
  let end = 0;
  for (const { 0: filling, index } of [...text.matchAll(FILLING), { 0: '', index: text.length }]) {
    joined += text.slice(end, index);
    for (let at = end; at < index; at += 1) places.push(at);
    end = index + filling.length;
  }
  return { text: joined, places };
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

/** Where the end of a text begins that may be the beginning of a secret, while more of it may come; its length, if nowhere. */
function beginningOf({ text: spelt, before, after }: Spelling, text: string): number {
  const first = spelt.charAt(0);
  // Of a spelling with something after it, all of it may be there.
  let at = text.indexOf(first, Math.max(0, text.length - spelt.length + (after > 0 ? 0 : 1)));
  while (at !== -1 && !spelt.startsWith(text.slice(at))) at = text.indexOf(first, at + 1);
  return at === -1 ? text.length : Math.max(0, at - before);
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
  if (typeof secret !== 'object' || secret === null || depth > MOST_LEVELS) return;
  const prototype: unknown = Object.getPrototypeOf(secret);
  if (prototype !== null && prototype !== Object.prototype && prototype !== Array.prototype) return;
  for (const member of Object.values(secret)) collectTexts(member, texts, depth + 1);
}
