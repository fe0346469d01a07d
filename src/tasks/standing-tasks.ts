import type { WrittenTask } from './task-columns.ts';

/** What a task comes after, in what else is said of it. */
const AFTER = /"after":\[[^\]]*\]/;

/**
 * The tasks that stand for others of a caller who enqueues in several statements. Within a statement the database does the same: what comes
 * after a task comes after the one that stands for it.
 */
export class StandingTasks {
  readonly #byOwnId = new Map<string, string>();

  /** Takes note of the ids that the database gave for tasks. */
  note(tasks: readonly WrittenTask[], ids: readonly string[]): void {
    tasks.forEach(({ id }, index) => {
      const own = JSON.parse(id) as string;
      const standing = ids[index];
      if (standing !== undefined && standing !== own.toLowerCase())
        this.#byOwnId.set(own.toLowerCase(), standing);
    });
  }

  /** A task that comes after those that stand for what it names. */
  afterThem(task: WrittenTask): WrittenTask {
    if (this.#byOwnId.size === 0) return task;
    const rest = task.rest.replace(AFTER, (after) =>
      after.replace(/[^"]{36}/g, (id) => this.#byOwnId.get(id.toLowerCase()) ?? id),
    );
    return { ...task, rest };
  }
}
