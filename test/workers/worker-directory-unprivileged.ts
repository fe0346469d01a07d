/**
 * What needs a user to whom something is forbidden: run as another user than root, with an order in argv. Tells by IPC
 * what it did and what it was warned of.
 */
import { WorkerDirectory } from '../../src/workers/directories/worker-directory.ts';
import { WorkingDirectory } from '../../src/workers/directories/working-directory.ts';

const [order, root = '', taskId = ''] = process.argv.slice(2);
const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(warning.message));

const directory = new WorkerDirectory('w', root);
try {
  switch (order) {
    case 'create':
      await directory.create();
      break;
    case 'delete':
      await directory.delete();
      break;
    case 'delete-run':
      await directory.deleteWorkingDirectory(taskId);
      break;
    case 'run':
      WorkingDirectory.of(directory.path, taskId)[Symbol.dispose]();
      break;
  }
  setImmediate(() => process.send?.({ warnings })); // warnings are told on the next tick
} catch (error) {
  process.send?.({ warnings, code: error instanceof Error && 'code' in error ? error.code : String(error) });
}
