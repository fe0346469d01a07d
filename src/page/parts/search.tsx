import { hrefTo, navigate } from '../router.ts';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Finds a task by its id, those that claim a resource by its path, else those whose type has this in its name. */
export function Search() {
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const input = event.currentTarget.elements.namedItem('search') as HTMLInputElement;
        const text = input.value.trim();
        if (text === '') return;
        input.blur();
        if (UUID.test(text)) navigate(hrefTo(`/tasks/${text.toLowerCase()}`));
        else if (text.startsWith('/')) navigate(hrefTo('/resource', { name: text }));
        else navigate(hrefTo('/tasks', { name_contains: text }));
      }}
    >
      <label class="hidden" for="search">
        A task’s id, a type, or a resource
      </label>
      <input
        id="search"
        name="search"
        type="search"
        placeholder="id, type or /resource"
        enterkeyhint="search"
      />
    </form>
  );
}
