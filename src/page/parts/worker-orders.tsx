import type { Worker } from '../../queries/worker.ts';
import { act } from '../api/client.ts';
import { lacking } from '../api/session.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { tell, tellFailure } from './toasts.tsx';

/** What a worker can be told; nothing of it for who may not tell it, or of the past. */
export function WorkerOrders({ worker: { name, concurrency } }: { readonly worker: Wire<Worker> }) {
  if (lacking('operate') !== undefined || at.value !== undefined) return null;
  const path = `workers/${encodeURIComponent(name)}`;
  return (
    <form
      class="orders"
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget).get('concurrency');
        tellFailure(
          act(path, { concurrency: Number(given) }, 'PATCH').then(() => {
            tell(`${name} was told.`);
          }),
        );
      }}
    >
      <label>
        Hands
        <input name="concurrency" type="number" min={1} required defaultValue={String(concurrency)} />
      </label>
      <button type="submit">Set</button>
      <button
        type="button"
        onClick={() => {
          tellFailure(
            act(`${path}/drain`, {}).then(() => {
              tell(`${name} finishes what it runs, and ends.`);
            }),
          );
        }}
      >
        Drain
      </button>
    </form>
  );
}
