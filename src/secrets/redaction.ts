import { AsyncLocalStorage } from 'node:async_hooks';
import { guardOutput } from './guard-output.ts';
import { SECRET_SHOWN } from './secret.ts';

/**
 * A secret shorter than this, in characters, is found only where it stands alone: inside of other texts, something so
 * short is mostly there by chance.
 */
const MIN_LENGTH = 4;

/** How deep secrets are looked into for texts: payloads are not nested deeper. */
const MAX_DEPTH = 64;

/** Finds secrets in what is said. */
export class Redactor {
  readonly #wholes = new Set<string>();
  /** As they may stand inside of texts, the longest first: one may be a part of another. */
  #parts: readonly string[] = [];

  constructor(secrets: readonly unknown[]) {
    this.add(secrets);
  }

  add(secrets: readonly unknown[]): void {
    for (const secret of secrets) collectTexts(secret, this.#wholes);
    this.#parts = [...this.#wholes]
      .filter((text) => text.length >= MIN_LENGTH)
      .flatMap(spellings)
      .sort((a, b) => b.length - a.length);
  }

  /** The text without the secrets. */
  text(text: string): string {
    if (this.#wholes.has(text)) return SECRET_SHOWN;
    return this.#parts.reduce((redacted, secret) => redacted.replaceAll(secret, SECRET_SHOWN), text);
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

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.#wholes.has(String(value)) ? SECRET_SHOWN : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((member) => this.#value(member));
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [this.text(key), this.#value(member)]),
    );
  }
}

const storage = new AsyncLocalStorage<Redactor>();

/**
 * Runs code so that `redactText` and `redactJson` know these secrets, also across its awaits. What the code writes to stdout
 * or stderr of this process is redacted, too; what processes write that it starts is not.
 */
export function keepingSecret<T>(secrets: readonly unknown[], code: () => T): T {
  guardOutput(redactText);
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

/** How a text is spelt as it is, in JSON, in a URL and in base64. */
function spellings(text: string): readonly string[] {
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text.toWellFormed()),
    Buffer.from(text).toString('base64'),
  ];
}
