import assert from 'node:assert/strict';
import type fc from 'fast-check';
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
    await this.#act(model, engine);
    assert.deepEqual(await pictureOfDatabase(engine.client), pictureOfModel(model, engine.pid));
  }

  toString(): string {
    return this.#text;
  }
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
