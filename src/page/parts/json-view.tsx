import { useState } from 'preact/hooks';

/** How many characters are shown at first. */
const SHOWN = 10_000;

/** A value as JSON; a secret as such, for nobody can read it here. */
export function JsonView({ value, label }: { readonly value: unknown; readonly label: string }) {
  const [isWhole, setIsWhole] = useState(false);
  const text = JSON.stringify(
    value,
    (_, inner: unknown) => (isSecret(inner) ? '(secret: only its run can read it)' : inner),
    2,
  );
  const isCut = text.length > SHOWN && !isWhole;
  return (
    <>
      <pre tabIndex={0} aria-label={label}>
        {isCut ? `${text.slice(0, SHOWN)}…` : text}
      </pre>
      {isCut && (
        <button
          type="button"
          onClick={() => {
            setIsWhole(true);
          }}
        >
          Show all {text.length} characters
        </button>
      )}
    </>
  );
}

/** Whether it stands for a secret, as the engine encrypts them. */
function isSecret(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$secret' in value;
}
