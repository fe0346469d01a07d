import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMarked, runMark } from '../../src/workers/horses/horse-output.ts';
import { chooseHorse, horsesToMake } from '../../src/workers/horses/placement.ts';
import { RunTimes, SHORT_MS, type ExpectedRun } from '../../src/workers/horses/run-times.ts';

const expected = fc.option(
  fc.record<ExpectedRun>({ ms: fc.double({ min: 0.01, max: 40, noNaN: true }), waits: fc.boolean() }),
  { nil: undefined },
);

const horse = fc.oneof(
  fc.record({ isIdle: fc.constant(true), idleSince: fc.nat(), expectedMs: fc.constant(0) }),
  fc.record({
    isIdle: fc.constant(false),
    idleSince: fc.nat(),
    expectedMs: fc.oneof(fc.constant(Infinity), fc.double({ min: 0.01, max: 20, noNaN: true })),
  }),
);

test('a run goes to an idle horse, or is sent ahead where all ends within a short run', () => {
  fc.assert(
    fc.property(fc.array(horse), expected, fc.integer({ min: 1, max: 4 }), (horses, run, processors) => {
      const chosen = chooseHorse(horses, run, processors);
      const idle = horses.filter(({ isIdle }) => isIdle);
      const busy = horses.filter(({ isIdle, expectedMs }) => !isIdle && expectedMs < Infinity);
      const isAhead = chosen?.isIdle === false;
      const ms = run?.ms ?? Infinity;
      const ends = busy.map(({ expectedMs }) => expectedMs + ms);
      const isEnough = busy.length >= processors && run?.waits === false && Math.min(...ends) <= SHORT_MS;
      if (idle.length > 0) assert.equal(isAhead, isEnough, 'no more at work than the processors can do with');
      if (idle.length > 0 && !isAhead) {
        assert.equal(chosen?.isIdle, true);
        assert.equal(chosen.idleSince, Math.max(...idle.map(({ idleSince }) => idleSince)), 'the warmest');
        return;
      }
      if (Math.min(...ends) <= SHORT_MS) assert.equal((chosen?.expectedMs ?? NaN) + ms, Math.min(...ends));
      else assert.equal(chosen, undefined);
    }),
  );
});

test('each long run has a horse made for it, and short ones no more than a few', () => {
  const shortage = fc.record({
    waiting: fc.array(expected),
    starting: fc.nat(5),
    brief: fc.nat(8),
    few: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(shortage, ({ waiting, starting, brief, few }) => {
      const made = horsesToMake({ waiting, starting, brief, few });
      const long = waiting.filter((run) => run !== undefined && run.ms > SHORT_MS).length;
      assert.ok(made + starting >= Math.min(long, few));
      assert.ok(made <= waiting.length);
      const isShort = (run: ExpectedRun | undefined) =>
        run === undefined || (run.ms <= SHORT_MS && !run.waits);
      if (waiting.every(isShort)) assert.ok(made <= Math.max(0, few - brief));
      if (waiting.length > 0 && brief + starting === 0) assert.ok(made > 0, 'nobody waits for nothing');
    }),
  );
});

test('what is expected of a type follows its runs, and no single one makes a short type long', () => {
  const short = fc.array(fc.double({ min: 0.05, max: 2, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(short, fc.double({ min: 10, max: 1e6, noNaN: true }), (runs, outlier) => {
      const times = new RunTimes();
      assert.equal(times.expected('t'), undefined);
      for (const ms of runs) times.add('t', ms, 0);
      times.add('t', outlier, 0);
      assert.ok((times.expected('t')?.ms ?? Infinity) <= SHORT_MS);
      assert.equal(times.expected('other'), undefined);
      for (let run = 0; run < 40; run += 1) times.add('t', outlier, outlier);
      assert.ok((times.expected('t')?.ms ?? 0) >= SHORT_MS, 'one that has become long is known for it');
      assert.equal(times.expected('t')?.waits, true);
    }),
  );
});

test('marks are taken out of output wherever it is cut, and what is between them stays as it was', async () => {
  const output = fc.array(
    fc.oneof(
      fc.constantFrom('', '\0', '\0pulp', '\0pulp: run ', '\0pulp: run 000000000x\0\n', 'x\n'),
      fc.string(),
    ),
    {
      minLength: 1,
    },
  );
  await fc.assert(
    fc.asyncProperty(output, fc.array(fc.nat(200), { maxLength: 20 }), async (parts, cuts) => {
      const bytes = Buffer.concat(
        parts.flatMap((part, index) => [...(index > 0 ? [runMark(index)] : []), Buffer.from(part)]),
      );
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      const read: string[] = [''];
      await new Promise<void>((resolve) => {
        readMarked(Readable.from(chunks.filter((chunk) => chunk.length > 0)), {
          onOutput: (chunk) => read.push((read.pop() ?? '') + chunk.toString('latin1')),
          onMark: (place) => {
            assert.equal(place, read.length);
            read.push('');
          },
          onEnd: resolve,
        });
      });
      assert.deepEqual(
        read,
        parts.map((part) => Buffer.from(part).toString('latin1')),
      );
    }),
  );
});
