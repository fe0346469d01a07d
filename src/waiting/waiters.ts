import type { TaskState } from '../constants.ts';

/** What one who waits for a task is answered with: its final state, or why it cannot be had. */
export type Answer = PromiseWithResolvers<TaskState>;

/** How many digits at the end of a task's id a notification bears: see `pulp.tell_ended`. */
const MARK_LENGTH = 8;

/** Who waits for which task in this process. */
export class Waiters {
  readonly #answers = new Map<string, Set<Answer>>();
  /** By the marks of the tasks' ids: how many have it. */
  readonly #marks = new Map<string, number>();

  get size(): number {
    return this.#answers.size;
  }

  get ids(): readonly string[] {
    return [...this.#answers.keys()];
  }

  add(id: string, answer: Answer): void {
    const answers = this.#answers.get(id);
    if (answers !== undefined) {
      answers.add(answer);
      return;
    }
    this.#answers.set(id, new Set([answer]));
    const mark = id.slice(-MARK_LENGTH);
    this.#marks.set(mark, (this.#marks.get(mark) ?? 0) + 1);
  }

  remove(id: string, answer: Answer): void {
    const answers = this.#answers.get(id);
    if (answers?.delete(answer) !== true || answers.size > 0) return;
    this.#answers.delete(id);
    const mark = id.slice(-MARK_LENGTH);
    const others = (this.#marks.get(mark) ?? 1) - 1;
    if (others === 0) this.#marks.delete(mark);
    else this.#marks.set(mark, others);
  }

  /** Whether a notification may tell of a task that somebody waits for. One that bears no marks may tell of any. */
  areConcernedBy(payload: string): boolean {
    return payload === '' || payload.split(' ').some((mark) => this.#marks.has(mark));
  }

  resolve(id: string, state: TaskState): void {
    for (const answer of this.#answers.get(id) ?? []) answer.resolve(state);
  }

  reject(error: unknown): void {
    for (const answers of this.#answers.values()) for (const answer of answers) answer.reject(error);
  }
}
