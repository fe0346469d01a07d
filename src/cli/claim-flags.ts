import { PulpError } from '../errors.ts';
import { ENQUEUE_OPTIONS } from '../tasks/enqueue-options.ts';
import { repeatedFlag } from './repeated-flag.ts';

/** Of commands that claim resources: which of them others may share. */
export const sharedResourceFlag = repeatedFlag({
  helpValue: ENQUEUE_OPTIONS.sharedResources.flag.value,
  summary: ENQUEUE_OPTIONS.sharedResources.help,
});

/** Of commands that claim resources: how many units of which. */
export const unitsFlag = repeatedFlag({
  helpValue: ENQUEUE_OPTIONS.units.flag.value,
  summary: ENQUEUE_OPTIONS.units.help,
});

/** Units of resources, by their URLs. @throws PulpError INVALID_INPUT */
export function parseUnits(texts: readonly string[]): Readonly<Record<string, number>> {
  const units = new Map<string, number>();
  for (const text of texts) {
    const [, url = '', count] = /^(.+)=(\d{1,9})$/.exec(text) ?? [];
    if (count === undefined || units.has(url)) {
      const problem = count === undefined ? 'does not say how many of what' : 'is said before';
      throw new PulpError('INVALID_INPUT', `--units: ${JSON.stringify(text)} ${problem}`, {
        remedy: 'Give each resource once, with its number of units, such as /licenses/solver/=2.',
        exitCode: 2,
      });
    }
    units.set(url, Number(count));
  }
  return Object.fromEntries(units);
}
