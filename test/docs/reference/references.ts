import { cliReference } from './cli.ts';
import { httpReference } from './http.ts';
import { sqlReference } from './sql.ts';
import { typescriptReference } from './typescript.ts';

/** Makes the text of a reference. @param databaseUrl a migrated database, to look at its catalog */
export type WriteReference = (databaseUrl: string) => string | Promise<string>;

/** The files of `docs/reference/`, and what makes them. */
export const REFERENCES: Readonly<Record<string, WriteReference>> = {
  'cli.md': cliReference,
  'http.md': httpReference,
  'sql.md': sqlReference,
  'typescript.md': typescriptReference,
};

/** The folder of the references, from the top of the repository. */
export const REFERENCE_FOLDER = 'docs/reference';

/** The whole text of a file. */
export async function fileText(write: WriteReference, databaseUrl: string): Promise<string> {
  return `${await write(databaseUrl)}\n`;
}
