import * as Flags from '@oclif/core/flags';
import { PulpError } from '../errors.ts';

/** Of commands that claim resources: which of them others may share. */
export const sharedResourceFlag = Flags.string({
  helpValue: 'URL',
  summary: 'A resource that others may share with it; can be repeated.',
  multiple: true,
  multipleNonGreedy: true,
});

/** Of commands that claim resources: how many units of which. */
export const unitsFlag = Flags.string({
  helpValue: 'URL=K',
  summary: 'Of a resource with a capacity that it shares: how many units it takes; can be repeated.',
  multiple: true,
  multipleNonGreedy: true,
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
