import assert from 'node:assert/strict';
import test, { suite } from 'node:test';
import { defineTask, PulpError, type TaskOptions } from '../../../src/index.ts';
import { memoryText } from '../../../src/tasks/task-limits.ts';
import { limitFiles } from '../../../src/workers/horses/cgroups/limit-files.ts';
import { placeIn, whyNotGiven, type Surroundings } from '../../../src/workers/horses/cgroups/own-cgroup.ts';
import { outcomeOfDeath, type HorseDeath } from '../../../src/workers/horses/horse-death.ts';

const MEBIBYTE = 1024 ** 2;

function limitsOf(limits: unknown) {
  return defineTask('limited', { limits, run: () => null } as unknown as TaskOptions<never, never, null>)
    .limits;
}

suite('limits in defineTask', () => {
  test('are taken in bytes, cores and processes, memory also as text', () => {
    assert.equal(limitsOf(undefined), undefined);
    assert.equal(limitsOf({}), undefined);
    assert.deepEqual(limitsOf({ memory: '512M', cpu: 0.5, processes: 8 }), {
      memory: 512 * MEBIBYTE,
      cpu: 0.5,
      processes: 8,
    });
    assert.deepEqual(limitsOf({ memory: 64 * MEBIBYTE }), { memory: 64 * MEBIBYTE });
    assert.deepEqual(limitsOf({ memory: '1.5G' }), { memory: 1536 * MEBIBYTE });
  });

  const refused: readonly (readonly [unknown, RegExp])[] = [
    [null, /limits: null is not allowed/],
    ['512M', /limits: "512M" is not allowed/],
    [{ memory: '512MB' }, /limits\.memory: "512MB"/],
    [{ memory: '512m' }, /limits\.memory/],
    [{ memory: '-1G' }, /limits\.memory/],
    [{ memory: 512 }, /limits\.memory: 512/],
    [{ memory: '63M' }, /limits\.memory/],
    [{ memory: Infinity }, /limits\.memory: Infinity/],
    [{ memory: 64.5 * MEBIBYTE + 0.5 }, /limits\.memory/],
    [{ cpu: 0 }, /limits\.cpu: 0/],
    [{ cpu: NaN }, /limits\.cpu: NaN/],
    [{ cpu: '50%' }, /limits\.cpu/],
    [{ cpu: 100_000 }, /limits\.cpu/],
    [{ processes: 0 }, /limits\.processes/],
    [{ processes: 1.5 }, /limits\.processes/],
    [{ memmory: '1G' }, /limits\.memmory/],
  ];
  for (const [limits, message] of refused) {
    test(`are refused: ${String(message)}`, () => {
      assert.throws(
        () => limitsOf(limits),
        (error) =>
          error instanceof PulpError && error.code === 'INVALID_INPUT' && message.test(error.message),
      );
    });
  }

  test('are refused for code that runs in the worker itself', () => {
    assert.throws(
      () => defineTask('limited', { isolation: 'inline', limits: { cpu: 1 }, run: () => null }),
      /isolation of a type with limits: "inline" is not allowed/,
    );
  });

  test('are shown as they are written', () => {
    const texts = ['64M', '512M', '1.5G', '2T'];
    assert.deepEqual(
      texts.map((memory) => memoryText(limitsOf({ memory })?.memory ?? 0)),
      texts,
    );
    assert.equal(memoryText(100_000_000), '95.4M');
  });
});

test('limits are written as the kernel reads them', () => {
  const written = (limits: Parameters<typeof limitFiles>[0], environment = {}) =>
    limitFiles(limits, environment).map(({ file, content }) => `${file} ${content}`);
  assert.deepEqual(written({}), []);
  assert.deepEqual(written({ memory: 1024 }), ['memory.max 1024', 'memory.oom.group 1', 'memory.swap.max 0']);
  assert.deepEqual(written({ cpu: 0.01 }), ['cpu.max 1000 100000']);
  assert.deepEqual(written({ cpu: 2.5 }), ['cpu.max 250000 100000']);
  assert.deepEqual(written({ processes: 10 }), ['pids.max 22']);
  assert.deepEqual(written({ processes: 10 }, { UV_THREADPOOL_SIZE: '16' }), ['pids.max 34']);
});

suite('the cgroup of a process', () => {
  const HYBRID = [
    '24 1 0:21 / /sys rw - sysfs sysfs rw',
    '33 28 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '36 28 0:33 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw',
  ].join('\n');
  const cases = [
    {
      where: 'a service of a machine with both versions',
      cgroup: '4:memory:/system.slice\n0::/system.slice/pulp-worker@0.service',
      mountinfo: HYBRID,
      place: { path: '/sys/fs/cgroup/unified/system.slice/pulp-worker@0.service', isTop: false },
    },
    {
      where: 'the machine itself',
      cgroup: '0::/',
      mountinfo: HYBRID,
      place: { path: '/sys/fs/cgroup/unified', isTop: true },
    },
    {
      where: 'a container that sees its own part of the tree',
      cgroup: '0::/docker/abc',
      mountinfo: '36 28 0:33 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw',
      place: { path: '/sys/fs/cgroup', isTop: true },
    },
    {
      where: 'a name space, beside mounts of another',
      cgroup: '0::/',
      mountinfo: [
        '36 28 0:33 /../.. /old rw - cgroup2 cgroup rw',
        '37 28 0:33 / /new\\040tree rw - cgroup2 cgroup rw',
      ].join('\n'),
      place: { path: '/new tree', isTop: true },
    },
    { where: 'outside of what it sees', cgroup: '0::/../other', mountinfo: HYBRID, place: undefined },
    {
      where: 'a part that is not mounted',
      cgroup: '0::/b',
      mountinfo: '36 28 0:33 /a /cg rw - cgroup2 c rw',
    },
    { where: 'version 1 alone', cgroup: '4:memory:/x', mountinfo: HYBRID, place: undefined },
    { where: 'no mount', cgroup: '0::/x', mountinfo: '24 1 0:21 / /sys rw - sysfs sysfs rw' },
  ];
  for (const { where, cgroup, mountinfo, place } of cases) {
    test(`is found: ${where}`, () => {
      assert.deepEqual(placeIn(cgroup, mountinfo), place);
    });
  }

  const unasked = () => assert.fail('the service manager need not be asked');
  const service: Surroundings = {
    ...{ isTop: false, isOfMachine: false, isWritable: true },
    ...{ user: 999, owner: 999, outerOwner: 0, isDelegated: unasked },
  };
  const decisions: readonly (readonly [string, Partial<Surroundings>, RegExp | undefined])[] = [
    ['a service that was handed its group', {}, undefined],
    ['a container', { isTop: true, user: 0, owner: 0, outerOwner: undefined }, undefined],
    ['a read-only tree, or one of another user', { isWritable: false }, /not writable/],
    ['the machine itself', { isOfMachine: true, isTop: true, user: 0, owner: 0 }, /whole machine/],
    ['a service of root', { user: 0, owner: 0, isDelegated: () => false }, /not delegated/],
    ['a delegated service of root', { user: 0, owner: 0, isDelegated: () => true }, undefined],
    ['a terminal of a user', { outerOwner: 999, isDelegated: () => false }, /not delegated/],
    ['a delegated service of a user', { outerOwner: 999, isDelegated: () => true }, undefined],
  ];
  for (const [what, given, reason] of decisions) {
    test(`is its own or not: ${what}`, () => {
      const why = whyNotGiven('/cg', { ...service, ...given });
      if (reason === undefined) assert.equal(why, undefined);
      else assert.match(why ?? '', reason);
    });
  }
});

suite('a horse that the kernel killed for lack of memory', () => {
  const killed: HorseDeath = { code: null, signal: 'SIGKILL', wasReady: true, output: 'last words' };
  const errorOf = (death: Partial<HorseDeath>) => {
    const end = outcomeOfDeath({ ...killed, ...death });
    return end.outcome === 'failed' ? (JSON.parse(end.error) as Record<string, string>) : {};
  };

  test('failed for its limit, if that was reached', () => {
    const { code, message, output } = errorOf({ lackingMemory: 'limit', limits: { memory: 512 * MEBIBYTE } });
    assert.deepEqual([code, output], ['OUT_OF_MEMORY', 'last words']);
    assert.match(message ?? '', /their memory limit of 512M/);
  });

  test('failed for its service, if its own limit was not', () => {
    const { code, message } = errorOf({ lackingMemory: 'service', limits: { memory: 512 * MEBIBYTE } });
    assert.equal(code, 'OUT_OF_MEMORY');
    assert.match(message ?? '', /its worker's service, or of the machine/);
  });

  test('is not taken for one whose channel closed, which its death does a little before it shows', () => {
    const { code } = errorOf({ lackingMemory: 'service', verdict: 'closed its channel' });
    assert.equal(code, 'OUT_OF_MEMORY');
  });

  test('is told from one that ended otherwise, though the kernel killed something meanwhile', () => {
    assert.equal(errorOf({ lackingMemory: 'limit', signal: 'SIGSEGV' })['code'], 'HORSE_DIED');
    assert.equal(errorOf({ lackingMemory: 'limit', signal: null, code: 1 })['code'], 'HORSE_DIED');
    assert.equal(errorOf({})['code'], 'HORSE_DIED');
  });

  test('has a heap that follows its limit', () => {
    const output = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
    const { remedy } = errorOf({ signal: 'SIGABRT', output, limits: { memory: 512 * MEBIBYTE } });
    assert.match(remedy ?? '', /raise limits\.memory of its type \(512M\)/);
  });
});
