import { Dialog } from './dialog.tsx';

const KEYS = [
  ['/', 'search'],
  ['?', 'this help'],
  ['g, then o t r w', 'overview, tasks, resources, workers'],
  ['g, then c f p s e', 'charts, failures, pauses, schedules, enqueue'],
  ['j, k', 'next and previous task of a list'],
  ['[ and ]', 'a minute back and forth in time'],
  ['p', 'play the past, or pause'],
  ['l', 'live again'],
  ['d', 'dark or light'],
  ['Escape', 'close what is open'],
] as const;

/** What can be done by keys. */
export function Help({ close }: { readonly close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl class="keys">
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        Every view has a link of its own, which holds its filters and its moment. The same facts are at{' '}
        <a href="/api/v1/openapi.json">the API</a>.
      </p>
    </Dialog>
  );
}
