import { lookup, reverse } from 'node:dns/promises';
import { hostname } from 'node:os';
import { DEFAULT_QUEUE, RESERVED_WORKER_PREFIX, RESOURCE_MANAGER_QUEUE } from '../constants.ts';

/** The fully qualified name of this host, or its plain name where the resolver knows no other. */
export async function fullyQualifiedHostname(): Promise<string> {
  const plain = hostname();
  if (plain.includes('.')) return plain;
  const names = await lookup(plain)
    .then(({ address }) => reverse(address))
    .catch(() => []);
  return names.find((name) => name.startsWith(`${plain}.`)) ?? plain;
}

/** A worker's name with `%h` replaced by the host's; without one, the process and the host. */
export async function workerName(template: string | undefined): Promise<string> {
  const host = await fullyQualifiedHostname();
  return (template ?? `worker-${process.pid}@%h`).replaceAll('%h', host);
}

/** Whether a worker of this name is made to lead: grant reservations and watch the others. */
export function isResourceManager(name: string): boolean {
  return name.startsWith(RESOURCE_MANAGER_QUEUE);
}

/** The queues of a worker: by its name for resource managers and reserved workers, else those asked for. */
export function queuesOf(name: string, asked: readonly string[] | undefined): readonly string[] {
  if (isResourceManager(name)) return [RESOURCE_MANAGER_QUEUE];
  if (name.startsWith(RESERVED_WORKER_PREFIX)) return [name];
  return asked === undefined || asked.length === 0 ? [DEFAULT_QUEUE] : asked;
}
