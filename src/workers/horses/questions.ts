import { serialize } from 'node:v8';
import { PulpError } from '../../errors.ts';
import { toPulpError } from '../../postgres/sql-error.ts';
import type { StartedTask } from '../runs/run-records.ts';
import type { Answer, FromHorse, Question, Refusal } from './horse-protocol.ts';

/** Gives what the code of a task is answered; the signal aborts when nobody waits for it any more. */
export type AnswerOf = (question: Question, task: StartedTask, signal: AbortSignal) => Promise<unknown>;

/** What the code of one run asks its worker. */
export class Questions {
  readonly #answerOf: (question: Question, signal: AbortSignal) => Promise<unknown>;
  readonly #open = new Map<number, AbortController>();

  constructor(answerOf: (question: Question, signal: AbortSignal) => Promise<unknown>) {
    this.#answerOf = answerOf;
  }

  /** Never rejects; undefined: nobody waits for it any more. */
  async answer({ number, question }: Extract<FromHorse, { type: 'ask' }>): Promise<Answer | undefined> {
    const interest = new AbortController();
    this.#open.set(number, interest);
    try {
      const value = serialize(await this.#answerOf(question, interest.signal)).toString('base64');
      return this.#open.has(number) ? { type: 'answer', number, value } : undefined;
    } catch (error) {
      return this.#open.has(number) ? { type: 'refusal', number, error: refusalOf(error) } : undefined;
    } finally {
      this.#open.delete(number);
    }
  }

  /** Nobody waits for this answer any more. */
  withdraw(number: number): void {
    this.#open.get(number)?.abort();
    this.#open.delete(number);
  }

  /** The run is over. */
  end(): void {
    for (const number of this.#open.keys()) this.withdraw(number);
  }
}

function refusalOf(thrown: unknown): Refusal {
  const error = toPulpError(thrown);
  if (error instanceof PulpError) {
    const { code, message, remedy, exitCode } = error;
    return { code, message, remedy, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'WORKER_FAILED', message, remedy: 'Look into the log of the worker.', exitCode: 1 };
}
