import { query } from './router.ts';

/** What tasks can be looked for by: the names of parameters of the API and of links, and what people read. */
export const FILTERS = [
  { name: 'name', label: 'Type', hint: 'repo.sync' },
  { name: 'name_contains', label: 'Type contains', hint: 'sync' },
  { name: 'queue', label: 'Queue', hint: 'default' },
  { name: 'worker', label: 'Worker', hint: 'worker@host' },
  { name: 'resource', label: 'Resource', hint: '/repositories/1/' },
  { name: 'created', label: 'Created', hint: '/repositories/1/versions/2/' },
  { name: 'group', label: 'Group', hint: 'nightly' },
  { name: 'correlation', label: 'Correlation', hint: 'request-4711' },
  { name: 'error_code', label: 'Error code', hint: 'ECONNREFUSED' },
  { name: 'error_contains', label: 'Error contains', hint: 'disk' },
  { name: 'parent', label: 'Parent', hint: 'id of a task' },
  { name: 'enqueued_after', label: 'Enqueued after', hint: '', isTime: true },
  { name: 'enqueued_before', label: 'Enqueued before', hint: '', isTime: true },
  { name: 'unblocked_after', label: 'Unblocked after', hint: '', isTime: true },
  { name: 'unblocked_before', label: 'Unblocked before', hint: '', isTime: true },
  { name: 'started_after', label: 'Started after', hint: '', isTime: true },
  { name: 'started_before', label: 'Started before', hint: '', isTime: true },
  { name: 'finished_after', label: 'Finished after', hint: '', isTime: true },
  { name: 'finished_before', label: 'Finished before', hint: '', isTime: true },
] as const;

/** The filters that the address holds. */
export function givenFilters(): Readonly<Record<string, string | readonly string[]>> {
  const given: Record<string, string | readonly string[]> = {};
  const states = query.value.getAll('state');
  if (states.length > 0) given['state'] = states;
  for (const { name } of FILTERS) {
    const value = query.value.get(name);
    if (value !== null && value !== '') given[name] = value;
  }
  return given;
}

/** Filters of which the API takes several values. */
const LISTS: readonly string[] = ['id', 'state', 'name', 'resource'];

/** Filters as the body of a request has them: in an address, several values may stand with commas between. */
export function filterBody(filters: Readonly<Record<string, string | readonly string[]>>): object {
  return Object.fromEntries(
    Object.entries(filters).map(([name, value]) => [
      name,
      LISTS.includes(name) && typeof value === 'string' ? value.split(',') : value,
    ]),
  );
}
