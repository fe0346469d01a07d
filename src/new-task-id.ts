import { randomUUID } from 'node:crypto';

/** A UUID of version 7: ids made one after another lie together in the database's indexes. */
export function newTaskId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = randomUUID(); // version 4: its variant and random digits are those that version 7 has, too
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of a task as Postgres writes it, whichever way it was written that Postgres takes: in capitals, in braces, without hyphens. */
export function canonicalTaskId(text: string): string {
  const digits = text.toLowerCase().replaceAll(/[{}-]/g, '');
  if (!/^[0-9a-f]{32}$/.test(digits)) return text;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Whether a text may be the id of a task. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
