/** What of a task goes to the database in a column of its own; everything in JSON text. */
const COLUMNS = ['args', 'kwargs', 'resources', 'shared_resources'] as const;

/** A task as it goes to the database: what is said of it, each written as JSON once. */
export interface WrittenTask extends Readonly<Record<(typeof COLUMNS)[number], string>> {
  /** Of its own, so that a lost answer may be asked for again. */
  readonly id: string;
  /** Whatever else is said: the members of an object, without its braces; empty if there are none. */
  readonly rest: string;
}

/** The parameters of `pulp.enqueue_columns`, in their order. */
export type TaskColumns = readonly [common: string, ids: string | null, ...columns: (string | null)[]];

/** Puts together what tasks have in common, and what differs into columns, for `pulp.enqueue_columns`. */
export function toColumns(tasks: readonly WrittenTask[]): TaskColumns {
  const [first] = tasks;
  if (first === undefined) return ['{}', '[]', null, null, null, null, null];
  const isCommon = (key: keyof WrittenTask) => tasks.every((task) => task[key] === first[key]);
  const common: string[] = [];
  const columns = COLUMNS.map((key) => {
    if (!isCommon(key)) return `[${tasks.map((task) => task[key]).join(',')}]`;
    common.push(`"${key}":${first[key]}`);
    return null;
  });
  let rest: string | null = null;
  if (!isCommon('rest')) rest = `[${tasks.map((task) => `{${task.rest}}`).join(',')}]`;
  else if (first.rest !== '') common.push(first.rest);
  const ids = `[${tasks.map(({ id }) => id).join(',')}]`;
  return [`{${common.join(',')}}`, ids, ...columns, rest];
}

/** A task as one JSON object with the keys of `pulp.enqueue_batch`. */
export function toItem({ id, rest, ...columns }: WrittenTask): string {
  const members = COLUMNS.map((key) => `"${key}":${columns[key]}`);
  return `{"id":${id},${members.join(',')}${rest === '' ? '' : `,${rest}`}}`;
}
