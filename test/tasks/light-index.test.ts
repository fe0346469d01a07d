import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Says what is loaded by whoever imports the package. */
const SCRIPT = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  await import(process.argv[1]);
  console.log(JSON.stringify([...loaded, ...process.moduleLoadList]));`;

// Each process of tasks imports it: what that costs is paid for every one that starts, in time and in memory.
test('who imports the package loads neither drivers, nor a client of HTTP, nor what makes a worker', async () => {
  const index = new URL('../../src/index.ts', import.meta.url).href;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--input-type=module', '--eval', SCRIPT, index],
  ]);
  const loaded = JSON.parse(stdout) as string[];
  assert.ok(loaded.some((url) => url.endsWith('/src/index.ts')));
  const heavy =
    /node_modules\/(pg|pg-boss|slonik|@slonik|roarr|pino|@opentelemetry|@oclif|hono)\/|undici|NativeModule https?$|src\/(commands|http|page)\/|horse-pool|incarnation\.ts|leadership-term/;
  assert.deepEqual(
    loaded.filter((url) => heavy.test(url)),
    [],
  );
});
