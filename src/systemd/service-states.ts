/** How a service stands on its way to be up. */
export type Standing = 'up' | 'starting' | 'finishing' | 'failed';

/** What systemd says of a unit: the properties that were asked for. */
export type UnitState = Readonly<Record<string, string>>;

/** The properties of a unit that tell how it stands. */
export const STATE_PROPERTIES = ['Id', 'ActiveState', 'SubState', 'Job', 'Result', 'ExecMainStatus'];

/** What `systemctl show` says of several units: blocks of NAME=value lines, with an empty line between two. */
export function parseUnitStates(shown: string): readonly UnitState[] {
  const states = shown.split(/\n\n+/).map((block): UnitState => {
    const lines = [...block.matchAll(/^(\w+)=(.*)$/gm)];
    return Object.fromEntries(lines.map(([, key = '', value = '']) => [key, value]));
  });
  return states.filter((state) => state['Id'] !== undefined);
}

/** How a unit stands of which a restart was asked for. */
export function standing({ ActiveState, SubState, Job = '' }: UnitState): Standing {
  if (ActiveState === 'deactivating') return 'finishing';
  if (ActiveState === 'failed' || SubState === 'auto-restart') return 'failed';
  const hasJob = Job !== '' && Job !== '0';
  return ActiveState === 'active' && !hasJob ? 'up' : 'starting';
}

/** What systemd means by an exit status of a service whose program it did not come to run. */
const BEFORE_THE_PROGRAM: Readonly<Record<string, string>> = {
  '200': 'its folder is not there, or its account may not enter it',
  '203': 'its program is not there, or its account may not run it',
  '217': 'there is no such account',
};

/**
 * Why a unit failed, as far as it and its lines in the journal tell; undefined if they do not. What a program of ours said
 * comes before what systemd says of it.
 *
 * @param journal messages since it was started, the oldest first
 */
export function failureReason(state: UnitState | undefined, journal: readonly string[]): string | undefined {
  const status = BEFORE_THE_PROGRAM[state?.['ExecMainStatus'] ?? ''];
  const step = journal.findLast((line) => line.includes(' Failed at step '));
  if (status !== undefined && step !== undefined) return `${status} (${step.replace(/^\S+ /, '')})`;
  const errors = journal.filter((line) => line.startsWith('Error: '));
  return errors.at(-1)?.slice('Error: '.length) ?? status ?? journal.at(-1);
}
