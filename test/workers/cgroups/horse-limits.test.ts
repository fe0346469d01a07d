import assert from 'node:assert/strict';
import test, { suite } from 'node:test';
import { controllersAreMissing, TestCgroup } from '../../support/cgroups.ts';
import { isAlive } from '../../support/is-alive.ts';
import { until } from '../../support/until.ts';
import * as tasks from './limit-tasks.ts';
import { TestPool } from './pool.ts';

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly output?: string;
}

suite('limits of a task type', { skip: controllersAreMissing() }, () => {
  test('are set before its horse starts, which is not used again', async () => {
    await using given = TestCgroup.make();
    await using pool = await TestPool.make(given.path);
    const first = (await pool.result(tasks.whereLimited)) as { pid: number; heap: number; cores: number };
    assert.ok(first.heap < 512, `V8 measures its heap by the limit: ${first.heap} MiB`);
    assert.equal(first.cores, 1);
    const second = (await pool.result(tasks.whereLimited)) as { pid: number };
    assert.notEqual(second.pid, first.pid);
    const unlimited = (await pool.result(tasks.where)) as { pid: number };
    assert.ok(![first.pid, second.pid].includes(unlimited.pid));
    await until(() => ![first.pid, second.pid].some(isAlive));
    assert.deepEqual(
      pool.log.filter(({ msg }) => msg.includes('enforced')),
      [],
    );
  });

  test('of memory: it fails with the true reason, and so does one whose child took it', async () => {
    await using given = TestCgroup.make();
    await using pool = await TestPool.make(given.path);
    for (const type of [tasks.eats, tasks.childEats]) {
      const fault = (await pool.result(type)) as Fault;
      assert.equal(fault.code, 'OUT_OF_MEMORY', JSON.stringify(fault));
      assert.match(fault.message, /reached their memory limit of 160M/);
      assert.match(fault.remedy, /limits\.memory/);
    }
    assert.ok(await pool.result(tasks.where), 'others run');
  });

  test('of processes: no more are started, and it is told', async () => {
    await using given = TestCgroup.make();
    await using pool = await TestPool.make(given.path);
    const started = Number(((await pool.result(tasks.breedsOn)) as Fault).message);
    assert.ok(started >= 16 && started < 32, `${started} were started`);
    assert.ok(pool.log.some(({ msg }) => msg === 'a task came up to its limits'));
  });

  test('of processor time: it gets no more of it', async () => {
    await using given = TestCgroup.make();
    await using pool = await TestPool.make(given.path);
    const ms = Number(await pool.result(tasks.works));
    assert.ok(ms > 3000, `a second's work took ${ms} ms with a quarter of a core`);
  });
});

suite('memory of the service that runs out', { skip: controllersAreMissing() }, () => {
  test('is the true reason of a task that the kernel killed for it', async () => {
    await using service = TestCgroup.make();
    service.cgroup.write('memory.max', String(160 * 1024 ** 2));
    service.cgroup.write('memory.swap.max', '0');
    await using pool = await TestPool.make(service.path);
    const fault = (await pool.result(tasks.eatsUnlimited)) as Fault;
    assert.equal(fault.code, 'OUT_OF_MEMORY', JSON.stringify(fault));
    assert.match(fault.message, /memory of its worker's service, or of the machine, ran out/);
  });
});
