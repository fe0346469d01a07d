import { query, setQuery } from '../router.ts';

/** Periods that can be looked at, by their length in seconds; with how many parts a chart of each has, and how often it is looked at anew at most, in milliseconds. */
const WINDOWS = [
  { name: 'hour', seconds: 3600, buckets: 60, pauseMs: 3000 },
  { name: 'day', seconds: 86_400, buckets: 96, pauseMs: 20_000 },
  { name: 'week', seconds: 7 * 86_400, buckets: 84, pauseMs: 60_000 },
] as const;

/** The period that the address has; the last hour where it has none. */
export function chosenWindow(): (typeof WINDOWS)[number] {
  const asked = query.value.get('window');
  return WINDOWS.find(({ name }) => name === asked) ?? WINDOWS[0];
}

/** Chooses the period. */
export function WindowChoice() {
  const chosen = chosenWindow();
  return (
    <div class="chips" role="group" aria-label="Period">
      {WINDOWS.map(({ name }) => (
        <button
          key={name}
          type="button"
          class="chip period"
          aria-pressed={name === chosen.name}
          onClick={() => {
            setQuery({ window: name }, { replace: false });
          }}
        >
          last {name}
        </button>
      ))}
    </div>
  );
}
