import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { controllersAreMissing, memoryOfVersionOne, TestCgroup } from '../../support/cgroups.ts';
import { until } from '../../support/until.ts';

const EATING_PROCESS = fileURLToPath(new URL('./eating-process.ts', import.meta.url));

/** Enough for a worker, its guardian and an idle horse, in bytes. */
const LIMIT = 400 * 1024 ** 2;

/** A service whose memory is limited, for a scope: what is written to its `procsFile` is in it. */
interface Service extends AsyncDisposable {
  readonly procsFile: string;
}

const versions: readonly {
  readonly version: string;
  readonly skip: string | false;
  readonly make: () => Service;
}[] = [
  {
    version: 'cgroup v2',
    skip: controllersAreMissing(),
    make: () => {
      const group = TestCgroup.make();
      group.cgroup.write('memory.max', String(LIMIT));
      group.cgroup.write('memory.swap.max', '0');
      return {
        procsFile: group.cgroup.procsFile,
        [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
      };
    },
  },
  {
    version: 'cgroup v1',
    skip: memoryOfVersionOne() === undefined && 'needs the memory controller of cgroup v1',
    make: () => {
      const path = join(memoryOfVersionOne() ?? '', `pulp-test-${process.pid}`);
      mkdirSync(path);
      writeFileSync(join(path, 'memory.limit_in_bytes'), String(LIMIT));
      const procsFile = join(path, 'cgroup.procs');
      return {
        procsFile,
        [Symbol.asyncDispose]: async () => {
          await until(() => readFileSync(procsFile, 'utf8') === '');
          rmdirSync(path);
        },
      };
    },
  },
];

for (const { version, skip, make } of versions) {
  test(
    `a task that is killed for the memory of its worker's service says so: ${version}`,
    { skip },
    async () => {
      await using service = make();
      const args = ['-c', 'echo 0 >"$0"; exec "$@"', service.procsFile, process.execPath, EATING_PROCESS];
      const { stdout } = await promisify(execFile)('/bin/sh', args);
      const { code, message } = JSON.parse(stdout) as { code: string; message: string };
      assert.equal(code, 'OUT_OF_MEMORY', stdout);
      assert.match(message, /memory of its worker's service, or of the machine, ran out/);
    },
  );
}
