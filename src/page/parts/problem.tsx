import type { ApiError } from '../api/client.ts';

/** What went wrong, and what to do about it. */
export function Problem({ error }: { readonly error: ApiError }) {
  return (
    <div class="problem" role="alert">
      <strong>{error.message}</strong>
      <span>{error.remedy}</span>
      <code>{error.code}</code>
    </div>
  );
}
