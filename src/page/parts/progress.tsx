/** How far a task says that it is, where its report counts something. */
export function Progress({ report }: { readonly report: unknown }) {
  if (typeof report !== 'object' || report === null || !('done' in report)) return null;
  const { done, total } = report as { readonly done: unknown; readonly total?: unknown };
  if (typeof done !== 'number' || typeof total !== 'number' || total <= 0) return null;
  return (
    <progress max={total} value={done} aria-label={`${done} of ${total}`} title={`${done} of ${total}`} />
  );
}
