import { useState } from 'preact/hooks';
import { keepToken, needsToken, token } from '../api/session.ts';

/** Asks for the token, which stays in this tab. */
export function SignIn({ hasFailed }: { readonly hasFailed: boolean }) {
  const [given, setGiven] = useState('');
  return (
    <main class="sign-in" id="main" tabIndex={-1}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          keepToken(given.trim());
          needsToken.value = false;
        }}
      >
        <h1>Pulp tasking</h1>
        <label for="token">Your token</label>
        <input
          id="token"
          type="password"
          autocomplete="current-password"
          autofocus
          required
          aria-describedby="token-hint"
          aria-invalid={hasFailed}
          value={given}
          onInput={({ currentTarget }) => {
            setGiven(currentTarget.value);
          }}
        />
        {hasFailed && token.value !== '' && (
          <p role="alert" class="error-text">
            This token is none, or was revoked.
          </p>
        )}
        <p id="token-hint" class="hint">
          An operator of the engine makes one by <code>pulp token create --role observer --actor NAME</code>.
          It is kept in this tab until you close it.
        </p>
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
    </main>
  );
}
