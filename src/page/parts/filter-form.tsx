import { localTimeText } from './words.ts';
import { FILTERS } from '../filters.ts';
import { query, setQuery } from '../router.ts';

/** The filters of tasks; what is typed is in the link. */
export function FilterForm() {
  const given = FILTERS.filter(({ name }) => query.value.has(name));
  return (
    <details class="filters" open={given.length > 0}>
      <summary>Filters{given.length > 0 && <span class="count">{given.length}</span>}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
        }}
      >
        {FILTERS.map((filter) => (
          <label key={filter.name}>
            {filter.label}
            {'isTime' in filter ? (
              <input
                name={filter.name}
                type="datetime-local"
                step="1"
                value={localText(query.value.get(filter.name))}
                onChange={({ currentTarget: { value } }) => {
                  setQuery({ [filter.name]: instant(value) }, { replace: false });
                }}
              />
            ) : (
              <input
                name={filter.name}
                placeholder={filter.hint}
                value={query.value.get(filter.name) ?? ''}
                onChange={({ currentTarget: { value } }) => {
                  setQuery({ [filter.name]: value.trim() }, { replace: false });
                }}
              />
            )}
          </label>
        ))}
        <button
          type="button"
          disabled={given.length === 0}
          onClick={() => {
            setQuery(Object.fromEntries(FILTERS.map(({ name }) => [name, undefined])), { replace: false });
          }}
        >
          Clear
        </button>
      </form>
    </details>
  );
}

/** A moment as an input of a local time has it. */
function localText(moment: string | null): string {
  const time = new Date(moment ?? NaN);
  return Number.isNaN(time.getTime()) ? '' : localTimeText(time);
}

function instant(local: string): string {
  return local === '' ? '' : new Date(local).toISOString();
}
