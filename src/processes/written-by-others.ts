import type { Stats } from 'node:fs';

const GROUP_MAY_WRITE = 0o020;
const ANYBODY_MAY_WRITE = 0o002;
/** In such a folder, as the temporary one is, nobody takes away the files of others. */
const STICKY = 0o1000;

/** Why somebody else than this user and root may have written a file or folder; undefined: nobody may. */
export function writtenByOthers(found: Stats): string | undefined {
  const user = process.geteuid?.();
  if (user === undefined) return undefined; // this system has other means
  const { uid, gid, mode } = found;
  if (found.isDirectory() && (mode & STICKY) !== 0) return undefined;
  if (uid !== user && uid !== 0) return `belongs to user ${uid}`;
  if ((mode & ANYBODY_MAY_WRITE) !== 0) return 'can be written to by everybody';
  // Where users have groups of their own, their files are often open to those.
  if ((mode & GROUP_MAY_WRITE) !== 0 && gid !== process.getegid?.())
    return `can be written to by group ${gid}`;
  return undefined;
}
