import type { Redactor } from './redaction.ts';

/** For so long it is held at most, in milliseconds: a prompt may end like that. */
const HOLD_MS = 1_000;

/**
 * Output that comes in pieces, without secrets: what may be the beginning of one is held until the next piece tells, and with it the
 * line in which it begins, so that what others say does not come in between.
 */
export class HeldOutput {
  readonly #redactor: Redactor;
  readonly #sayLate: (text: string) => void;
  #held = '';
  #release: NodeJS.Timeout | undefined;

  /** @param sayLate takes what was held and never went on */
  constructor(redactor: Redactor, sayLate: (text: string) => void) {
    this.#redactor = redactor;
    this.#sayLate = sayLate;
  }

  get isHolding(): boolean {
    return this.#held !== '';
  }

  /** Takes what comes, and gives what can be said of all that came. */
  take(text: string): string {
    clearTimeout(this.#release);
    const output = this.#held + text;
    const end = this.#redactor.complete(output);
    this.#held = output.slice(end);
    if (this.#held !== '') {
      this.#release = setTimeout(() => {
        this.end();
      }, HOLD_MS).unref();
    }
    return this.#redactor.text(output.slice(0, end));
  }

  /** Nothing more comes, or not soon. */
  end(): void {
    clearTimeout(this.#release);
    const held = this.#held;
    this.#held = '';
    if (held !== '') this.#sayLate(this.#redactor.text(held));
  }
}
