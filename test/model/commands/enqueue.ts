import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Command, pick } from '../command.ts';
import type { Content, EngineModel, Item } from '../engine-model.ts';

/** An item as drawn: new, with an id of the caller's or the engine's making, or an earlier one again, as it was or changed. */
export interface Draft {
  readonly content: Content;
  /** Which of the tasks that are there it comes after, by any numbers. */
  readonly after: readonly number[];
  readonly id: 'given' | 'made' | { readonly of: number; readonly altered: boolean };
}

/** Enqueues a batch: refused as a whole, or all there, or rolled back with its transaction. */
export function enqueue(drafts: readonly Draft[], rollBack: boolean): Command {
  const text = `enqueue${rollBack ? ' and roll back' : ''} ${JSON.stringify(drafts)}`;
  return new Command(text, async (model, engine) => {
    const { items, given } = resolve(drafts, model);
    const answer = await engine.enqueue(items, { given, rollBack });
    const refusal = model.refusal(items);
    if (refusal !== undefined || typeof answer === 'string') {
      assert.equal(answer, refusal);
      return;
    }
    assert.equal(answer.length, items.length);
    for (const [index, { id }] of items.entries()) assert(!given.has(id) || answer[index] === id);
    if (!rollBack) model.enqueue(items.map(({ content }, index) => ({ id: answer[index] ?? '', content })));
  });
}

function resolve(
  drafts: readonly Draft[],
  model: EngineModel,
): { items: readonly Item[]; given: ReadonlySet<string> } {
  const items: Item[] = [];
  const given = new Set<string>();
  for (const { content: drawn, after, id } of drafts) {
    const parents = after.flatMap((number) => pick(model.tasks.values(), number)?.id ?? []);
    const content = parents.length === 0 ? drawn : { ...drawn, after: [...new Set(parents)], delay: 0 };
    const known = [...model.tasks.values(), ...items.filter((item) => given.has(item.id))];
    const earlier = typeof id === 'object' ? pick(known, id.of) : undefined;
    const change = typeof id === 'object' && id.altered ? { priority: 7 } : {};
    const item = earlier ?? { id: randomUUID(), content };
    items.push({ id: item.id, content: { ...item.content, ...change } });
    if (id !== 'made') given.add(item.id);
  }
  return { items, given };
}
