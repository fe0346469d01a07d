import { hrefTo } from '../router.ts';
import { shortId } from './words.ts';

/** A link to a task, by its type's name if that is known, and the end of its id. */
export function TaskLink({ id, name }: { readonly id: string; readonly name?: string | undefined }) {
  return (
    <a href={hrefTo(`/tasks/${id}`)} class="task-link" title={id}>
      {name !== undefined && <span class="task-name">{name}</span>} <span class="id">{shortId(id)}</span>
    </a>
  );
}

/** A link to a resource. */
export function ResourceLink({ resource }: { readonly resource: string }) {
  return (
    <a href={hrefTo('/resource', { name: resource })} class="resource">
      {resource}
    </a>
  );
}
