import assert from 'node:assert/strict';
import type fc from 'fast-check';
import { checkLog } from '../support/log-checker.ts';
import type { EngineModel, ModelTask, ModelWorker } from './engine-model.ts';
import type { EngineUnderTest } from './engine-under-test.ts';
import { pictureOfDatabase, pictureOfModel } from './picture.ts';

/** Does one thing to both and compares the answers. */
export type Act = (model: EngineModel, engine: EngineUnderTest) => Promise<void>;

/** A step of a model run, after which the database must look as the model does. */
export class Command implements fc.AsyncCommand<EngineModel, EngineUnderTest> {
  readonly #text: string;
  readonly #act: Act;
  readonly #isPossible: (model: EngineModel) => boolean;

  /** The text says in a counterexample what was done. A step that is not possible is left out. */
  constructor(text: string, act: Act, isPossible: (model: EngineModel) => boolean = () => true) {
    this.#text = text;
    this.#act = act;
    this.#isPossible = isPossible;
  }

  check(model: EngineModel): boolean {
    return this.#isPossible(model);
  }

  async run(model: EngineModel, engine: EngineUnderTest): Promise<void> {
    engine.steps.push(this.#text);
    try {
      await this.#act(model, engine);
      assert.deepEqual(await pictureOfDatabase(engine.client), pictureOfModel(model, engine.pid));
    } catch (error) {
      throw await explained(error, engine);
    }
  }

  toString(): string {
    return this.#text;
  }
}

/** How many steps before one that failed are told: those of `finishAll` stand in no counterexample. */
const STEPS_TOLD = 8;
const STEP_LENGTH = 100;

/** What failed, by the step in which it did and the rules that the log breaks after it. */
async function explained(error: unknown, engine: EngineUnderTest): Promise<Error> {
  const broken = await checkLog(engine.client).catch((failure: unknown) => [
    `not checked: ${String(failure)}`,
  ]);
  return new Error(
    [
      `in step ${engine.steps.length}: ${error instanceof Error ? error.message : String(error)}`,
      `rules that the log breaks: ${broken.length === 0 ? 'none' : broken.join('; ')}`,
      `the last steps: ${engine.steps.slice(-STEPS_TOLD).map(shortened).join(' | ')}`,
    ].join('\n'),
    { cause: error },
  );
}

function shortened(step: string): string {
  return step.length > STEP_LENGTH ? `${step.slice(0, STEP_LENGTH)}…` : step;
}

/** One of these, by any number; undefined if there is none. */
export function pick<T>(from: Iterable<T>, number: number): T | undefined {
  const all = [...from];
  return all[number % all.length];
}

export function workerAt(model: EngineModel, index: number): ModelWorker {
  const worker = model.workers[index];
  assert(worker !== undefined);
  return worker;
}

/** What all workers have in hand. */
export function allRuns(model: EngineModel): readonly ModelTask[] {
  return model.workers.flatMap((worker) => model.runs(worker));
}
