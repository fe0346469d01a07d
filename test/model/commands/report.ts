import assert from 'node:assert/strict';
import { Command, allRuns, pick, workerAt } from '../command.ts';
import type { Report } from '../engine-model.ts';
import type { Run } from '../engine-under-test.ts';

/** How a run is said to have ended. */
export type Ending = Omit<Report, 'id'>;

/** A worker says of its runs, as many as there are endings, how they ended. */
export function finish(index: number, endings: readonly Ending[]): Command {
  return new Command(
    `worker ${index} finishes ${JSON.stringify(endings)}`,
    async (model, engine) => {
      const worker = workerAt(model, index);
      const reports = model.runs(worker).flatMap(({ id }, nth) => {
        const ending = endings[nth];
        return ending === undefined ? [] : [{ id, ...ending }];
      });
      assert.deepEqual(await engine.finish(worker.name, reports), model.finish(reports));
    },
    (model) => model.runs(workerAt(model, index)).length > 0,
  );
}

/** Some run says how far it is. */
export function progress(number: number, value: unknown): Command {
  return new Command(
    `progress of run ${number}: ${JSON.stringify(value)}`,
    async (model, engine) => {
      const run = pick(allRuns(model), number);
      assert(run?.worker != null);
      assert.deepEqual(await engine.progress(run.worker, [engine.run(run.id)], value), new Map());
      model.progress(run.id, value);
    },
    (model) => allRuns(model).length > 0,
  );
}

/** What may be wrong with a report. */
export const FLAWS = ['attempt', 'fence', 'worker', 'incarnation', 'spent'] as const;

/**
 * A wrong report of some run, alone or with good ones of the same worker. It is refused, and the good ones are not; but all
 * are, if it is another incarnation of the worker that reports.
 */
export function reportInVain(number: number, flaw: (typeof FLAWS)[number], inGoodCompany: boolean): Command {
  return new Command(
    `report of run ${number} with wrong ${flaw}${inGoodCompany ? ' among good ones' : ''}`,
    async (model, engine) => {
      const task = pick(allRuns(model), number);
      assert(task?.worker != null);
      const run = engine.run(task.id);
      const { incarnation } = engine.session(task.worker);
      const good = { worker: task.worker, incarnation, run };
      const flawed = flawedReport();
      if (flawed === undefined) return;

      const company = inGoodCompany
        ? allRuns(model).filter(({ worker, id }) => worker === flawed.worker && id !== flawed.run.id)
        : [];
      const runs = [...company.map(({ id }) => engine.run(id)), flawed.run];
      const before = await engine.countEvents();
      if (flaw === 'incarnation') {
        const codes = await engine.reportInVain(flawed.worker, flawed.incarnation, runs);
        assert.deepEqual(codes, ['PU001', 'PU001'], 'both reports are refused');
      } else {
        assert.deepEqual(
          await engine.progress(flawed.worker, runs, 'good'),
          new Map([[flawed.run.id, 'late']]),
          'progress of the wrong run alone is late',
        );
        for (const { id } of company) model.progress(id, 'good');
        assert.deepEqual(
          await engine.complete(flawed.worker, runs),
          new Map([
            ...model.finish(
              company.map(({ id }) => ({
                id,
                outcome: 'completed',
                value: 1,
                retry: true,
                progress: 'last',
              })),
            ),
            [flawed.run.id, 'fenced'],
          ]),
          'the end of the wrong run alone is refused',
        );
      }
      if (company.length === 0 || flaw === 'incarnation')
        assert.equal(await engine.countEvents(), before, 'a refused report writes nothing');

      function flawedReport(): { worker: string; incarnation: string; run: Run } | undefined {
        switch (flaw) {
          case 'attempt':
            return { ...good, run: { ...run, attempt: run.attempt + 1 } };
          case 'fence':
            return { ...good, run: { ...run, fence: predecessor(run.fence) } };
          case 'incarnation':
            return { ...good, incarnation: predecessor(incarnation) };
          case 'worker': {
            const other = model.workers.find(({ name, state }) => state === 'online' && name !== good.worker);
            return (
              other && { ...good, worker: other.name, incarnation: engine.session(other.name).incarnation }
            );
          }
          case 'spent': {
            const spent = pick(
              engine.spent.filter(({ worker }) => worker === good.worker),
              number,
            );
            return spent && { ...good, run: spent.run };
          }
        }
      }
    },
    (model) => allRuns(model).length > 0,
  );
}

/** An earlier token: they are positions in the log. */
function predecessor(token: string): string {
  return String(BigInt(token) - 1n);
}
