import { packageDescription, ROOT } from './package-description.ts';

/** The commands that there are, as they are typed, such as `task list`, in the order of the alphabet. */
export async function commandNames(): Promise<readonly string[]> {
  const { Config } = await import('@oclif/core/config');
  const { commandIDs } = await Config.load({ root: ROOT, pjson: await packageDescription() });
  return commandIDs.map((id) => id.replaceAll(':', ' ')).sort();
}
