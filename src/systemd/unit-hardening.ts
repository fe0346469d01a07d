import { isInHome, type ServiceSettings } from './service-settings.ts';
import { word } from './unit-syntax.ts';

/** The account that systemd makes for the services if none is named. */
const DYNAMIC_ACCOUNT = 'pulp-workers';

/** What services of every scope cannot do. Memory that is both writable and executable stays allowed: V8 compiles into it. */
const EVERYWHERE = [
  ['NoNewPrivileges', 'yes'],
  ['UMask', '0077'],
  ['LockPersonality', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['RestrictSUIDSGID', 'yes'],
  ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'], // the last one lists network interfaces
  ['SystemCallArchitectures', 'native'],
] as const;

/**
 * What needs privileges of the manager, so the system's services alone. Left out on purpose: `ProtectControlGroups`, since
 * the unit's control group is delegated to the worker; `ProcSubset`, since programs size themselves by /proc/meminfo; and
 * `RemoveIPC`, since a named account may have shared memory of other services.
 */
const SYSTEM_ONLY = [
  ['CapabilityBoundingSet', ''],
  ['PrivateDevices', 'yes'],
  ['PrivateTmp', 'yes'],
  ['PrivateUsers', 'yes'],
  ['ProtectClock', 'yes'],
  ['ProtectHostname', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectKernelTunables', 'yes'],
  ['ProtectProc', 'invisible'],
  ['RestrictNamespaces', 'yes'],
  ['SystemCallFilter', '@system-service'],
  ['SystemCallErrorNumber', 'EPERM'], // a program that asks for more is told so, not killed
] as const;

/**
 * The account of the services and what they cannot do, as settings of a unit's section `Service`. A named account keeps
 * what it may write to; one that systemd makes has its own folder alone.
 */
export function hardening(settings: ServiceSettings): readonly (readonly [string, string | undefined])[] {
  if (settings.scope === 'user') return EVERYWHERE;
  const { account, node, script, folder, tasksPaths, workingRoot = '/' } = settings;
  const homes = [node, script, folder, ...tasksPaths, workingRoot].some(isInHome);
  return [
    ['User', word(account ?? DYNAMIC_ACCOUNT)],
    ['DynamicUser', account === undefined ? 'yes' : undefined],
    ...EVERYWHERE,
    ...SYSTEM_ONLY,
    ['ProtectSystem', account === undefined ? 'strict' : 'full'],
    ['ProtectHome', homes ? 'read-only' : 'yes'],
  ];
}
