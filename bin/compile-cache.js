// Keeps what was compiled for the next command, in a folder of the user's own: that saves a third of what a command costs. Where
// there is none, or an old Node, everything works without.
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

if (nodeModule.enableCompileCache !== undefined) {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  nodeModule.enableCompileCache(join(caches, 'pulp-tasking', 'compiled')); // NODE_COMPILE_CACHE names another
}
