import { signal } from '@preact/signals';
import { at, goLive, lookAt, togglePlay } from './moment.ts';
import { hrefTo, navigate } from './router.ts';
import { toggleTheme } from './theme.ts';
import { presentMs } from './clock.ts';

/** Whether the help is open. */
export const isHelpOpen = signal(false);

/** How long after a g the next key says where to go, in milliseconds. */
const LEADER_MS = 1500;

const STEP_MS = 60_000;

const PLACES: Readonly<Record<string, string>> = {
  o: '/',
  t: '/tasks',
  r: '/resources',
  w: '/workers',
  f: '/failures',
  c: '/trends',
  p: '/pauses',
  s: '/schedules',
  e: '/enqueue',
};

/** Listens to the keys that work everywhere, except where text is typed. */
export function listenToKeys(): void {
  let ledAt = -Infinity;
  document.addEventListener('keydown', (event) => {
    const { key, target, timeStamp } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = (target as Element).matches('input, textarea, select');
    if (isTyping || document.querySelector('dialog[open]') !== null) return;
    const place = timeStamp - ledAt < LEADER_MS ? PLACES[key] : undefined;
    ledAt = key === 'g' ? timeStamp : -Infinity;
    if (place !== undefined) navigate(hrefTo(place));
    else if (!act(key)) return;
    event.preventDefault();
  });
}

function act(key: string): boolean {
  switch (key) {
    case '/':
      document.querySelector<HTMLInputElement>('#search')?.focus();
      return true;
    case '?':
      isHelpOpen.value = true;
      return true;
    case 'l':
      goLive();
      return true;
    case 'p':
      togglePlay();
      return true;
    case '[':
      lookAt(new Date(momentMs() - STEP_MS));
      return true;
    case ']':
      lookAt(new Date(momentMs() + STEP_MS));
      return true;
    case 'd':
      toggleTheme();
      return true;
    case 'j':
      return step(1);
    case 'k':
      return step(-1);
    default:
      return false;
  }
}

function momentMs(): number {
  return at.value === undefined ? presentMs() : Date.parse(at.value);
}

/** Moves the focus among the tasks of the list that is shown. */
function step(by: number): boolean {
  const links = Array.from(document.querySelectorAll<HTMLAnchorElement>('.task-link'));
  const now = links.findIndex((link) => link === document.activeElement);
  const next = links[now === -1 ? 0 : now + by];
  next?.focus();
  return next !== undefined;
}
