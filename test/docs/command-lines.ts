/** A command, as far as it is looked at here. */
export interface KnownCommand {
  /** Its words with colons between them. */
  readonly id: string;
  readonly flags: Readonly<Record<string, unknown>>;
}

/** Flags of every command. */
const COMMON_FLAGS = ['json', 'help', 'version'];

/** A word that may be that of a command, or several between bars. */
const COMMAND_WORD = /^[a-z][a-z-]*(?:\|[a-z][a-z-]*)*$/;

/** Where a command begins: in a line, a pipe or a list of commands, or behind a word that runs another program. */
const COMMAND_BEGIN = /(?:^|[(|&;]|\b(?:npx|sudo|exec|time|env|do|then|if|while)(?= )|\w=\S*(?= ))\s*/;

/** What comes after the name of a program, up to the end of its command, a comment, or the command that it is given. */
const COMMAND_REST = /(?<rest>(?: (?!(?:\|\|?|&&?|;|#|--)(?: |$))[^\s;)]+)*)/;

const PULP_CALL = new RegExp(
  `${COMMAND_BEGIN.source}(?:pulp|pulp-tasking)(?![^\\s])${COMMAND_REST.source}`,
  'gm',
);

/** The calls of `pulp` in a text: what comes after its name, up to the end of the command. */
export function pulpCalls(text: string): readonly string[] {
  const words = withoutQuotes(text.replaceAll('\\\n', ' ')).replaceAll(/[ \t]+/g, ' ');
  return Array.from(words.matchAll(PULP_CALL), ({ groups }) => (groups?.['rest'] ?? '').trim());
}

/** Quoted words as one word each, but what a shell would run in them. */
function withoutQuotes(text: string): string {
  return text
    .replaceAll(/'[^']*'/g, 'QUOTED')
    .replaceAll(/"([^"]*)"/g, (_, inner: string) => (inner.includes('$(') ? inner : 'QUOTED'));
}

/** What is wrong with a call of `pulp`; undefined: its command is there, and has all its flags. */
export function problemOfCall(call: string, commands: readonly KnownCommand[]): string | undefined {
  const words = call.split(/\s+/).filter((word) => word !== '');
  const [first = '', second = ''] = words.map((word) => word.replace(/[,.:)]+$/, ''));
  if (!COMMAND_WORD.test(first) || first === 'help') return undefined;
  const ids = new Set(commands.map(({ id }) => id));
  const isTopic = (name: string) => [...ids].some((id) => id.startsWith(`${name}:`));
  const chosen: string[] = [];
  for (const name of first.split('|')) {
    if (!ids.has(name) && !isTopic(name)) return `there is no command "${name}"`;
    if (!isTopic(name) || (ids.has(name) && !ids.has(`${name}:${second.split('|')[0] ?? ''}`))) {
      chosen.push(name);
    } else if (COMMAND_WORD.test(second)) {
      for (const one of second.split('|')) {
        if (!ids.has(`${name}:${one}`)) return `there is no command "${name} ${one}"`;
        chosen.push(`${name}:${one}`);
      }
    } else {
      chosen.push(...[...ids].filter((id) => id.startsWith(`${name}:`)));
    }
  }
  const flags = new Set([
    ...COMMON_FLAGS,
    ...commands.filter(({ id }) => chosen.includes(id)).flatMap((command) => Object.keys(command.flags)),
  ]);
  const strange = call.match(/(?<=(?:^|[\s[|(])--)[a-z][a-z-]*/g)?.find((flag) => !flags.has(flag));
  return strange === undefined
    ? undefined
    : `"${chosen.join(', ').replaceAll(':', ' ')}" has no flag --${strange}`;
}
