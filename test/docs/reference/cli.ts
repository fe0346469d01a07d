import { readFile } from 'node:fs/promises';
import type { Command } from '@oclif/core/command';
import { Config } from '@oclif/core/config';
import type { PJSON } from '@oclif/core/interfaces';
import { settings } from '@oclif/core/settings';
import { ROOT } from '../repository.ts';
import { block, code, generated, paragraphs, plain, table } from './markdown.ts';

/** A flag or argument with all that oclif may keep of it. */
type Flag = Command.Flag.Cached;
type Arg = Command.Arg.Cached;

const INTRODUCTION = `Commands of \`pulp\`, which is also called \`pulp-tasking\`. \`pulp COMMAND --help\` shows the same.

Each command takes \`--json\`, which has it print one JSON document on stdout in place of text, and \`--help\`. Errors go to stderr, with
what is wrong and what to do about it.

The keys of that document are in snake_case. A table has one line a row where it is piped; on a terminal that is narrower, a row goes on in
a line of its own from a column on. Nothing is cut, but names in \`pulp stats\`, which fits 80 columns.

| exit code | meaning |
| --- | --- |
| 0 | It is done. |
| 1 | It failed, or what was checked is not well. |
| 2 | The input or the settings are wrong; nothing was written. |
| 3 | What was asked for is not there. |

Where a command exits otherwise, its description says so.`;

/** The group of the commands that are in no topic. */
const ALONE = '';

/** What a summary says of a default that only the code of its command knows. */
const DEFAULT_IN_WORDS = /\s*\bDefault: (?<value>.+)\.$/s;

/** The commands as they are in the sources, with their flags. */
export async function loadCommandLine(): Promise<Config> {
  settings.enableAutoTranspile = false;
  const pjson = JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')) as PJSON;
  return Config.load({
    root: ROOT,
    pjson: { ...pjson, oclif: { ...pjson.oclif, commands: `${ROOT}/src/commands` } },
  });
}

/** The reference of the command line, one section a topic. */
export async function cliReference(): Promise<string> {
  const config = await loadCommandLine();
  const commands = config.commands
    .filter((command) => !command.hidden)
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  const isTopic = (name: string) => commands.some(({ id }) => id.startsWith(`${name}:`));
  const topics = Map.groupBy(commands, ({ id }) => {
    const [first = ''] = id.split(':');
    return isTopic(first) ? first : ALONE;
  });
  const sections = [...topics]
    .sort(([one], [other]) => Number(one === ALONE) - Number(other === ALONE))
    .map(([name, members]) =>
      paragraphs(
        name === ALONE ? '## Other commands' : `## ${name}`,
        plain(config.topics.find((topic) => topic.name === name)?.description ?? ''),
        ...members.map((command) => commandSection(command, config)),
      ),
    );
  return paragraphs(generated('Command line', INTRODUCTION), ...sections);
}

function commandSection(command: Command.Loadable, config: Config): string {
  const name = `pulp ${command.id.replaceAll(':', ' ')}`;
  const words = (text: string) =>
    text
      .replaceAll(/<%= ?config\.bin ?%>/g, 'pulp')
      .replaceAll(/<%= ?command\.id ?%>/g, command.id.replaceAll(':', ' '));
  // Commands of plugins may have a description alone, whose first line is their summary.
  const [first = '', ...more] = command.summary === undefined ? (command.description ?? '').split('\n') : [];
  const summary = command.summary ?? first;
  if (summary === '') throw new Error(`${name} has no summary`);
  const args = Object.values(command.args);
  const flags = Object.values(command.flags).filter((flag) => flag.hidden !== true && flag.name !== 'json');
  const examples = (command.examples ?? []).map((example) =>
    typeof example === 'string' ? example : `# ${example.description}\n${example.command}`,
  );
  return paragraphs(
    `### ${name}`,
    plain(words(summary)),
    block('text', usage(command, name, args, words)),
    plain(words(command.summary === undefined ? more.join('\n').trim() : (command.description ?? ''))),
    table(
      ['argument', 'meaning'],
      args
        .filter((arg) => arg.hidden !== true)
        .map((arg) => [code(arg.name.toUpperCase()), argumentText(arg, name)]),
    ),
    table(
      ['flag', 'meaning', 'default'],
      flags.map((flag) => [code(spelling(flag)), flagText(flag, name), defaultText(flag)]),
    ),
    examples.length > 0
      ? paragraphs(
          'Examples:',
          block('sh', examples.map((example) => words(example).replace(/^\$ /, '')).join('\n')),
        )
      : undefined,
    command.aliases.length > 0
      ? `Also called ${command.aliases.map((alias) => code(`${config.bin} ${alias}`)).join(', ')}.`
      : undefined,
  );
}

function usage(
  command: Command.Loadable,
  name: string,
  args: readonly Arg[],
  words: (text: string) => string,
): string {
  if (command.usage !== undefined)
    return [command.usage]
      .flat()
      .map((line) => `pulp ${words(line)}`)
      .join('\n');
  const shown = args.map((arg) => {
    const text = `${arg.name.toUpperCase()}${arg.multiple === true ? '…' : ''}`;
    return arg.required === true ? text : `[${text}]`;
  });
  return [name, ...shown, '[FLAGS]'].join(' ');
}

function argumentText(arg: Arg, command: string): string {
  if (arg.description === undefined) throw new Error(`${command}: argument ${arg.name} has no description`);
  return plain(arg.description) + choices(arg.options);
}

function flagText(flag: Flag, command: string): string {
  const text = flag.summary ?? flag.description;
  if (text === undefined) throw new Error(`${command}: --${flag.name} has no summary`);
  const others = (names: readonly string[] | undefined, words: string) =>
    names === undefined || names.length === 0
      ? ''
      : ` ${words} ${names.map((name) => code(`--${name}`)).join(', ')}.`;
  return [
    plain(text.replace(DEFAULT_IN_WORDS, '')),
    choices('options' in flag ? flag.options : undefined),
    flag.required === true ? ' Required.' : '',
    others(flag.dependsOn, 'Only with'),
    others(flag.exclusive, 'Not with'),
  ].join('');
}

function choices(options: readonly string[] | undefined): string {
  return options === undefined ? '' : ` One of ${options.map(code).join(', ')}.`;
}

function spelling(flag: Flag): string {
  const value =
    flag.type === 'option'
      ? ` ${[flag.helpValue ?? flag.options?.join('|') ?? flag.name.toUpperCase()].flat().join(' ')}`
      : '';
  const name = flag.type === 'boolean' && flag.allowNo ? `[no-]${flag.name}` : flag.name;
  return `${flag.char === undefined ? '' : `-${flag.char}, `}--${name}${value}`;
}

function defaultText(flag: Flag): string {
  const value: unknown = flag.default;
  const said = DEFAULT_IN_WORDS.exec(flag.summary ?? '')?.groups?.['value'];
  if (said !== undefined) return plain(said);
  if (value === undefined || value === false || typeof value === 'function') return '';
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}
