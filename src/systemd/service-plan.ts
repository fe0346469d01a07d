import { HEADING, RESOURCE_MANAGER, SETTINGS_CHECK, TARGET, WORKER_TEMPLATE } from './unit-files.ts';

/** Something to do, in order, on the way to what the services are to be. */
export type Step =
  | { readonly kind: 'write'; readonly file: string; readonly text: string }
  | { readonly kind: 'remove'; readonly file: string }
  | { readonly kind: 'systemctl'; readonly args: readonly string[] }
  /** Runs the unit once, and leaves nothing of it. */
  | { readonly kind: 'check'; readonly file: string; readonly text: string }
  /** Waits until services that are to start anew have done so, without those that first finish what runs. */
  | { readonly kind: 'await'; readonly services: readonly string[] };

/** What there is of the services. */
export interface Found {
  /** The text of each unit file that has a name of ours. */
  readonly files: ReadonlyMap<string, string>;
  /** The services of reserved workers that systemd has in hand, whatever their state. */
  readonly workers: readonly string[];
}

/** What there is to be of the services. */
export interface Wanted {
  /** The text of each unit file. */
  readonly files: ReadonlyMap<string, string>;
  readonly services: readonly string[];
  /** The unit that checks their settings. */
  readonly check: string;
}

/** Every file that we may write. */
export const UNIT_NAMES = [TARGET, RESOURCE_MANAGER, WORKER_TEMPLATE, SETTINGS_CHECK];

/** What matches every service of a reserved worker. */
export const WORKER_PATTERN = WORKER_TEMPLATE.replace('@', '@*');

/** What matches all services, for commands that refuse the plain name of a unit that is not loaded. */
const PATTERNS = [WORKER_PATTERN, RESOURCE_MANAGER.replace('.', '*.')];

/** Files with a name of ours that somebody else wrote. They are never touched. */
export function foreignFiles({ files }: Found): readonly string[] {
  return [...files].filter(([, text]) => !text.startsWith(HEADING)).map(([name]) => name);
}

/**
 * How to come from what there is to these unit files with these services running. Settings that changed are checked before
 * anything else is done. Services too many stop, and those whose file changed start anew, when they have finished what runs:
 * nobody waits for that. New ones are waited for.
 */
export function planStart({ files, services, check }: Wanted, found: Found): readonly Step[] {
  const surplus = found.workers.filter((name) => !services.includes(name));
  const written = [...files].filter(([name, text]) => found.files.get(name) !== text);
  const changed = services.filter((name) => {
    const file = name.startsWith('pulp-worker@') ? WORKER_TEMPLATE : name;
    return found.files.has(file) && written.some(([other]) => other === file);
  });
  const unchanged = services.filter((name) => !changed.includes(name));
  return [
    ...(written.length > 0 ? [{ kind: 'check', file: SETTINGS_CHECK, text: check } as const] : []),
    ...systemctl(surplus.length > 0, '--no-block', 'stop', ...surplus),
    ...written.map(([file, text]) => ({ kind: 'write', file, text }) as const),
    ...systemctl(written.length > 0, 'daemon-reload'),
    ...systemctl(true, 'reset-failed', ...PATTERNS),
    ...systemctl(true, 'enable', TARGET),
    ...systemctl(changed.length > 0, '--no-block', 'restart', ...changed),
    ...systemctl(true, '--no-block', 'start', TARGET),
    ...systemctl(unchanged.length > 0, 'start', ...unchanged),
    ...(changed.length > 0 ? [{ kind: 'await', services: changed } as const] : []),
  ];
}

/** How to stop all services and leave nothing of them. Empty if there is nothing. */
export function planStop(found: Found): readonly Step[] {
  const files = UNIT_NAMES.filter((name) => found.files.has(name));
  if (files.length === 0 && found.workers.length === 0) return [];
  const running = [...files.filter((name) => name !== WORKER_TEMPLATE), ...found.workers];
  return [
    ...systemctl(running.length > 0, 'stop', ...running),
    ...systemctl(files.includes(TARGET), 'disable', TARGET),
    ...files.map((file) => ({ kind: 'remove', file }) as const),
    ...systemctl(true, 'daemon-reload'),
    ...systemctl(true, 'reset-failed', ...PATTERNS),
  ];
}

function systemctl(needed: boolean, ...args: readonly string[]): readonly Step[] {
  return needed ? [{ kind: 'systemctl', args }] : [];
}
