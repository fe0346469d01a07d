/** A process that is in the middle of a run for ever: in its directory, with a file there. To be killed. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { WorkingDirectory } from '../../src/workers/directories/working-directory.ts';

const [workerDirectory = '', taskId = ''] = process.argv.slice(2);
using _run = WorkingDirectory.of(workerDirectory, taskId);
writeFileSync('file', '');
mkdirSync('closed');
chmodSync('closed', 0o000);
process.send?.('running');
await new Promise<never>(() => process.on('message', () => undefined));
