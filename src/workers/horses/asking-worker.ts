import { deserialize } from 'node:v8';
import { PulpError } from '../../errors.ts';
import type { TaskState } from '../../constants.ts';
import type { Task } from '../../queries/task.ts';
import type { Arguments } from '../../secrets/arguments.ts';
import type { SecretPlace } from '../../secrets/secret-places.ts';
import type { NamedRequest } from '../../tasks/enqueue.ts';
import type { WorkersService } from '../../tasks/workers-service.ts';
import type { Answer, FromHorse, Question } from './horse-protocol.ts';

/** The horse's side of what its worker does for the code of its tasks. */
export class AskingWorker implements WorkersService {
  readonly #send: (message: FromHorse) => void;
  readonly #place: () => number | undefined;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #lastNumber = 0;

  /** @param place the place of the caller's run; undefined: it is over */
  constructor(send: (message: FromHorse) => void, place: () => number | undefined) {
    this.#send = send;
    this.#place = place;
  }

  /** The arguments of the task that runs, with their secrets decrypted. */
  openArguments(places: readonly SecretPlace[]): Promise<Arguments> {
    return this.#ask({ of: 'arguments', places }) as Promise<Arguments>;
  }

  /** Resolves when what the task that runs has reported so far is in the database. */
  async recorded(): Promise<void> {
    await this.#ask({ of: 'recorded' });
  }

  enqueue(requests: readonly NamedRequest[]): Promise<readonly string[]> {
    return this.#ask({ of: 'enqueue', requests }) as Promise<readonly string[]>;
  }

  cancel(id: string, reason: string | undefined): Promise<TaskState> {
    return this.#ask({ of: 'cancel', id, reason }) as Promise<TaskState>;
  }

  read(id: string): Promise<Task | undefined> {
    return this.#ask({ of: 'read', id }) as Promise<Task | undefined>;
  }

  awaitFinal(id: string, signal: AbortSignal): Promise<TaskState> {
    return this.#ask({ of: 'end', id }, signal) as Promise<TaskState>;
  }

  hear(answer: Answer): void {
    const waiting = this.#open.get(answer.number);
    this.#open.delete(answer.number);
    if (answer.type === 'answer') {
      waiting?.resolve(deserialize(Buffer.from(answer.value, 'base64')));
    } else {
      const { code, message, remedy, exitCode } = answer.error;
      waiting?.reject(new PulpError(code, message, { remedy, exitCode }));
    }
  }

  /** The run is over: nobody waits for its answers any more. */
  forget(): void {
    this.#open.clear();
  }

  async #ask(question: Question, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    const place = this.#place();
    if (place === undefined) {
      throw new PulpError('TASK_OVER', 'the task whose code this is has ended', {
        remedy: 'Await what the code of a task begins, before it ends.',
      });
    }
    const number = (this.#lastNumber += 1);
    const answer = Promise.withResolvers<unknown>();
    this.#send({ type: 'ask', place, number, question });
    this.#open.set(number, answer);
    const abort = () => {
      this.#open.delete(number);
      this.#send({ type: 'unask', place, number });
      answer.reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await answer.promise;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}
