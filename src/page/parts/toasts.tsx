import { ApiError } from '../api/client.ts';
import { signal } from '@preact/signals';

/** How long something is told, in milliseconds. */
const SHOWN_MS = 6000;

const told = signal<readonly { readonly key: number; readonly text: string; readonly isError: boolean }[]>(
  [],
);
let count = 0;

/** Tells what came of something, for some seconds. */
export function tell(text: string, { isError = false } = {}): void {
  count += 1;
  const key = count;
  told.value = [...told.value, { key, text, isError }];
  setTimeout(() => {
    told.value = told.value.filter((one) => one.key !== key);
  }, SHOWN_MS);
}

/** Does something, and tells of it only if it fails. */
export function tellFailure(doing: Promise<unknown>): void {
  doing.catch((error: unknown) => {
    tell(error instanceof ApiError ? `${error.message}. ${error.remedy}` : String(error), { isError: true });
  });
}

/** What was told just now. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {told.value.map(({ key, text, isError }) => (
        <p key={key} class={isError ? 'toast error' : 'toast'}>
          {text}
        </p>
      ))}
    </div>
  );
}
