import type { Config } from '@oclif/core/interfaces';

/** The commands that there are, as they are typed, such as `task list`. */
export function commandNames({ commandIDs }: Pick<Config, 'commandIDs'>): readonly string[] {
  return commandIDs.map((id) => id.replaceAll(':', ' '));
}
