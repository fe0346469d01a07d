import { closeSync, openSync, readSync, readFileSync, writeSync } from 'node:fs';

/**
 * Takes the values of variables out of what others of this account see as the environment of this process (/proc/PID/environ): the
 * kernel shows there what the process was started with. Here they stay as they are. Where that cannot be done nothing changes.
 */
export function hideFromOthers(names: readonly string[]): void {
  const kept = names.map((name) => [name, process.env[name]] as const);
  for (const [name, value] of kept) if (value !== undefined) process.env[name] = value; // a copy elsewhere in memory
  let memory: number | undefined;
  try {
    const { start, length } = firstEnvironment();
    memory = openSync('/proc/self/mem', 'r+');
    const text = Buffer.alloc(length);
    readSync(memory, text, 0, length, start);
    for (const name of names) {
      const begin = beginOf(text, name);
      if (begin === undefined) continue;
      const end = text.indexOf(0, begin);
      const blank = Buffer.alloc((end === -1 ? length : end) - begin);
      writeSync(memory, blank, 0, blank.length, start + begin);
    }
  } catch {
    // not Linux, or not allowed
  } finally {
    if (memory !== undefined) closeSync(memory);
  }
}

/** Where in the memory of this process the kernel has put what it was started with. */
function firstEnvironment(): { readonly start: number; readonly length: number } {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from the third one on
  const [start = NaN, end = NaN] = [fields[47], fields[48]].map(Number); // env_start and env_end, the 50th and 51st
  if (!(end > start)) throw new Error('the kernel does not tell');
  return { start, length: end - start };
}

/** Where the value of a variable begins in `NAME=value` texts, each ended by a NUL. */
function beginOf(text: Buffer, name: string): number | undefined {
  const entry = Buffer.from(`${name}=`);
  if (text.subarray(0, entry.length).equals(entry)) return entry.length;
  const at = text.indexOf(Buffer.concat([Buffer.of(0), entry]));
  return at === -1 ? undefined : at + 1 + entry.length;
}
