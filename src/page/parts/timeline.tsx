import type { TimeSpan } from '../../queries/why.ts';
import { spanText as spanWords } from '../../cli/why-text.ts';
import { at } from '../moment.ts';
import { now } from './now.ts';
import { spanText } from './words.ts';
import { Linked } from './linked.tsx';

/** What narrower spans are drawn as, in shares of the whole: so that none is missed. */
const NARROWEST = 0.012;

/** Where the time of a task went: one bar of all, and what each part of it was. */
export function Timeline({
  spans,
  isOver,
}: {
  readonly spans: readonly TimeSpan[];
  readonly isOver: boolean;
}) {
  const moment = at.value === undefined ? undefined : new Date(at.value);
  const shown = spans
    .filter(({ since }) => moment === undefined || since <= moment)
    .map((span, index, { length }) => {
      const goesOn = moment === undefined ? !isOver && index === length - 1 : span.until > moment;
      const until = goesOn ? now.value : span.until.getTime();
      return { ...span, goesOn, length: Math.max(0, until - span.since.getTime()) };
    });
  const whole = shown.reduce((sum, { length }) => sum + length, 0);
  return (
    <>
      <div class="timeline" aria-hidden="true">
        {shown.map(({ kind, length, goesOn }, index) => (
          <span
            key={index}
            class={`span-${kind}${goesOn ? ' goes-on' : ''}`}
            style={{ flexGrow: Math.max(NARROWEST, whole === 0 ? 1 : length / whole) }}
          />
        ))}
      </div>
      <ol class="spans">
        {shown.map((span, index) => (
          <li key={index}>
            <span class={`mark span-${span.kind}`} aria-hidden="true" />
            <strong class="number">{spanText(span.length / 1000)}</strong>
            <Linked text={spanWords(span)} />
          </li>
        ))}
      </ol>
    </>
  );
}
