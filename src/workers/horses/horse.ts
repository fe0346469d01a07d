/**
 * A horse: the process that runs task code, one task at a time, each in a directory of its own. What it compiles is kept
 * in its worker's directory: the next horse is ready in half the time.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import type { HorseSettings } from './horse-protocol.ts';

const { workerDirectory } = JSON.parse(process.argv[2] ?? '') as HorseSettings;
enableCompileCache(join(workerDirectory, '.compile-cache')); // no effect if NODE_COMPILE_CACHE names another
await import('./work-horse.ts');
setImmediate(flushCompileCache); // horses are killed, so none would write it at its end
