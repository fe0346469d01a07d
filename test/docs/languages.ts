import { parseAllDocuments } from 'yaml';
import type { Fence } from './page.ts';

/** The word behind the language of a snippet that cannot be run here. */
export const NOT_RUN = 'norun';

/** Languages whose snippets are run, in the order of their page. */
const RUN: ReadonlySet<string> = new Set(['sh', 'sql', 'ts']);

/** Languages of what is only read, each with what refuses a text that is none. */
const READ: Readonly<Record<string, (text: string) => void>> = {
  json: JSON.parse,
  yaml: (text) => {
    const [error] = parseAllDocuments(text).flatMap(({ errors }) => errors);
    if (error !== undefined) throw error;
  },
  mermaid: (text) => {
    const [kind = ''] = /\w[\w-]*/.exec(text) ?? [];
    if (!DIAGRAMS.has(kind)) throw new Error(`mermaid has no diagram of type "${kind}"`);
  },
  text: () => undefined,
};

/** What the pages may draw. */
const DIAGRAMS: ReadonlySet<string> = new Set([
  'flowchart',
  'sequenceDiagram',
  'stateDiagram-v2',
  'erDiagram',
]);

/** Languages that nothing here can run: their snippets have to say that they are not. */
const FOREIGN: ReadonlySet<string> = new Set([
  'csharp',
  'dockerfile',
  'go',
  'ini',
  'java',
  'js',
  'php',
  'prisma',
  'promql',
  'python',
  'ruby',
  'rust',
]);

/** What a snippet that is run would do to the machine of whoever runs the tests. */
const BEYOND_ITS_FOLDER =
  /\b(?:sudo|systemctl|loginctl|apt-get|apt|docker|kubectl|npm (?:install|i|ci)|reboot)\b|\bworkers (?:start|stop)\b(?!.*--dry-run)|>\s*\/(?!dev\/null|tmp\/).*/;

/** Whether a snippet is to be run. */
export function isRun({ language, words }: Fence): boolean {
  return RUN.has(language) && !words.includes(NOT_RUN);
}

/** What is wrong with a snippet before it is run; undefined: nothing. */
export function problemOf({ language, words, text }: Fence): string | undefined {
  const strange = words.find((word) => word !== NOT_RUN);
  if (strange !== undefined)
    return `the word "${strange}" behind the language says nothing; only ${NOT_RUN} does`;
  if (language === '') return 'it has no language: output is text';
  if (FOREIGN.has(language))
    return words.includes(NOT_RUN) ? undefined : `${language} cannot be run here: say ${NOT_RUN}`;
  if (RUN.has(language)) return words.includes(NOT_RUN) ? undefined : dangerOf(language, text);
  const read = READ[language];
  if (read === undefined) return `no language is known as "${language}"`;
  try {
    read(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function dangerOf(language: string, text: string): string | undefined {
  const [beyond] = (language === 'sh' ? BEYOND_ITS_FOLDER.exec(text) : null) ?? [];
  return beyond === undefined ? undefined : `it would change this machine (${beyond.trim()}): say ${NOT_RUN}`;
}

/** The name of the file that a snippet is, by its first line; undefined: it has none. */
export function fileNameOf({ language, text }: Fence): string | undefined {
  return language === 'ts' ? /^\/\/ ([\w./-]+\.ts)\n/.exec(text)?.[1] : undefined;
}
