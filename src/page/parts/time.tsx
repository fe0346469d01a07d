import { agoText, momentText } from './words.ts';
import { now } from './now.ts';

/** How long ago something was, with the moment itself. */
export function Ago({ time }: { readonly time: string }) {
  return (
    <time dateTime={time} title={new Date(time).toISOString()}>
      {agoText(time, now.value)}
    </time>
  );
}

/** A moment. */
export function Moment({ time }: { readonly time: string }) {
  return (
    <time dateTime={time} title={new Date(time).toISOString()}>
      {momentText(time)}
    </time>
  );
}
