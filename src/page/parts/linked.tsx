import { hrefTo } from '../router.ts';
import { shortId } from './words.ts';

const UUID = /([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})/;

/** A sentence in which the ids of tasks are links. */
export function Linked({ text }: { readonly text: string }) {
  return (
    <span>
      {text.split(UUID).map((part, index) =>
        index % 2 === 1 ? (
          <a key={index} href={hrefTo(`/tasks/${part}`)} title={part} class="id">
            {shortId(part)}
          </a>
        ) : (
          part
        ),
      )}
    </span>
  );
}
