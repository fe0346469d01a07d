import { useEffect } from 'preact/hooks';
import { followLog } from './api/events.ts';
import { ApiError, read } from './api/client.ts';
import { isSignedIn, me, needsToken, signOut, token, type Me } from './api/session.ts';
import { isHelpOpen } from './keys.ts';
import { Help } from './parts/help.tsx';
import { Search } from './parts/search.tsx';
import { TimeBar } from './parts/time-bar.tsx';
import { Toasts } from './parts/toasts.tsx';
import { hrefTo, path } from './router.ts';
import { toggleTheme } from './theme.ts';
import { SignIn } from './views/sign-in.tsx';
import { viewOf } from './views.tsx';

const PLACES = [
  { to: '/', name: 'Overview' },
  { to: '/tasks', name: 'Tasks' },
  { to: '/resources', name: 'Resources' },
  { to: '/workers', name: 'Workers' },
  { to: '/trends', name: 'Trends' },
  { to: '/failures', name: 'Failures' },
  { to: '/pauses', name: 'Pauses' },
  { to: '/schedules', name: 'Schedules' },
  { to: '/enqueue', name: 'Enqueue' },
] as const;

/** The whole page. */
export function App() {
  useEffect(() => {
    if (needsToken.value) return;
    const gone = new AbortController();
    void enter(gone.signal);
    return () => {
      gone.abort();
    };
  }, [token.value, needsToken.value]);
  const view = PLACES.find(({ to }) => isIn(to))?.name;
  useEffect(() => {
    document.title = view === undefined ? 'Pulp tasking' : `${view} · Pulp tasking`;
    // On a telephone, there are more of them than can be seen.
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [view, me.value]);
  if (needsToken.value) return <SignIn hasFailed={token.value !== ''} />;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={hrefTo('/')}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M4 5h16v4H4zM4 11h10v4H4zM4 17h6v4H4z" />
          </svg>
          Pulp tasking
        </a>
        <nav aria-label="Views">
          {PLACES.map(({ to, name }) => (
            <a key={to} href={hrefTo(to)} aria-current={isIn(to) ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <div class="tools">
          <Search />
          <button
            type="button"
            class="quiet"
            onClick={toggleTheme}
            aria-label="Dark or light"
            title="Dark or light (d)"
          >
            ◐
          </button>
          <button
            type="button"
            class="quiet"
            aria-label="Keys"
            title="Keys (?)"
            onClick={() => {
              isHelpOpen.value = true;
            }}
          >
            ?
          </button>
          {me.value !== undefined && (
            <span class="me" title={`${me.value.role}: ${me.value.rights.join(', ')}`}>
              {me.value.actor} <small>{me.value.role}</small>
            </span>
          )}
          {isSignedIn.value && (
            <button type="button" class="quiet" onClick={signOut}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <TimeBar />
      <main id="main" tabIndex={-1}>
        {me.value !== undefined && viewOf(path.value)}
      </main>
      <Toasts />
      {isHelpOpen.value && (
        <Help
          close={() => {
            isHelpOpen.value = false;
          }}
        />
      )}
    </>
  );
}

/** How often to ask again who it is, where the server does not answer, in milliseconds. */
const AGAIN_MS = 1000;

async function enter(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      me.value = await read<Me>('me', {}, signal);
      await followLog(signal);
      return;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

function isIn(place: string): boolean {
  const here = path.value;
  return place === '/' ? here === '/' : here === place || here.startsWith(place.replace(/s$/, ''));
}
