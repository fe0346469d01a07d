/** A span of time in words, at most two units: `2 h 5 min`. */
export function spanText(seconds: number): string {
  if (seconds <= 0) return '0 s';
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const [small, big, name, next] =
    seconds < 7200
      ? [60, 60, 'min', 's']
      : seconds < 172_800
        ? [3600, 60, 'h', 'min']
        : [86_400, 3600, 'd', 'h'];
  const whole = Math.floor(seconds / small);
  const rest = Math.floor((seconds % small) / (small === 60 ? 1 : big));
  return rest === 0 || whole >= 100 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${next}`;
}

/** How long ago something was, in words. */
export function agoText(time: string, now: number): string {
  const seconds = (now - Date.parse(time)) / 1000;
  return seconds < 1 ? 'just now' : `${spanText(Math.floor(seconds))} ago`;
}

const numbers = new Intl.NumberFormat('en');

/** A number with its thousands apart. */
export function countText(count: number): string {
  return numbers.format(count);
}

/** A noun after its number: `1 task`, `2 tasks`. */
export function counted(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A moment by this browser's clock and zone, with its date if that is not today's. */
export function momentText(time: string): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  const day = isToday ? '' : `${date.toLocaleDateString('sv')} `;
  return `${day}${date.toLocaleTimeString('sv')}`;
}

/** The end of an id: that is what tells the ids of a moment apart. */
export function shortId(id: string): string {
  return `…${id.slice(-8)}`;
}

/** What an event is called by people: of `TaskCancelRequested`, `cancel requested`. */
export function eventText(type: string): string {
  return type
    .replace(/^Task|^Worker|^Reservation(?=Granted|Released)/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

/** A moment as an input of a local time has it. */
export function localTimeText(time: Date): string {
  return `${time.toLocaleDateString('sv')}T${time.toLocaleTimeString('sv')}`;
}
