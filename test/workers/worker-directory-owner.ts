import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkerDirectory } from '../../src/workers/directories/worker-directory.ts';

/** Another worker's process: makes its directory with a file in it, tells its path, and stays until it is killed. */
const [name = '', root = '', database = ''] = process.argv.slice(2);
const directory = new WorkerDirectory(name, root);
await directory.create(database);
writeFileSync(join(directory.path, 'file'), name);
process.send?.(directory.path);
process.on('message', () => {
  void directory.delete().then(() => process.exit());
});
