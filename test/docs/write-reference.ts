// Writes docs/reference/, on a throw-away Postgres: `npm run docs`.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedServer, stopEmbeddedServer } from '../../src/postgres/embedded-server.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { fileText, REFERENCE_FOLDER, REFERENCES } from './reference/references.ts';
import { ROOT } from './repository.ts';

const home = await mkdtemp(join(tmpdir(), 'pulp-reference-'));
try {
  const { url } = await startEmbeddedServer(home);
  await migrate(url);
  await mkdir(join(ROOT, REFERENCE_FOLDER), { recursive: true });
  for (const [name, write] of Object.entries(REFERENCES)) {
    await writeFile(join(ROOT, REFERENCE_FOLDER, name), await fileText(write, url));
    console.log(`${REFERENCE_FOLDER}/${name}`);
  }
} finally {
  await stopEmbeddedServer(home);
  await rm(home, { recursive: true, force: true });
}
