import { useEffect, useState } from 'preact/hooks';
import { liveness } from '../api/events.ts';
import { at, goLive, isPlaying, lookAt, SPEED, togglePlay } from '../moment.ts';
import { localTimeText, momentText, spanText } from './words.ts';
import { now } from './now.ts';
import { presentMs } from '../clock.ts';

/** How far back the slider reaches, in seconds. */
const REACHES = [3600, 6 * 3600, 86_400, 7 * 86_400] as const;

const LIVENESS = { live: 'Live', polling: 'Every 2 s', cut: 'Connecting…' } as const;

/** Says whether it is the present or the past that is looked at, and goes through it. */
export function TimeBar() {
  const [isOpen, setIsOpen] = useState(at.value !== undefined);
  const [reach, setReach] = useState<number>(REACHES[0]);
  const isPast = at.value !== undefined;
  const today = presentMs();
  const back = at.value === undefined ? 0 : (today - Date.parse(at.value)) / 1000;
  useEffect(() => {
    if (isPast) setIsOpen(true);
    const enough = REACHES.find((seconds) => seconds >= back) ?? 7 * 86_400;
    if (enough > reach) setReach(enough);
  }, [isPast, back > reach]);
  return (
    <section class={`time-bar${isPast ? ' past' : ''}`} aria-label="Time">
      <button
        type="button"
        class="pill"
        aria-expanded={isOpen}
        onClick={() => {
          setIsOpen(!isOpen);
        }}
      >
        <span class={`dot${isPast ? ' past' : ` ${liveness.value}`}`} aria-hidden="true" />
        {at.value !== undefined ? momentText(at.value) : LIVENESS[liveness.value]}
      </button>
      {isOpen && (
        <div class="slider">
          <button
            type="button"
            disabled={!isPast}
            onClick={togglePlay}
            aria-label={isPlaying.value ? 'Pause' : `Play at ${SPEED} times its speed`}
          >
            {isPlaying.value ? '❚❚' : '▶'}
          </button>
          <input
            type="range"
            aria-label="Moment"
            aria-valuetext={isPast ? `${spanText(Math.round(back))} ago` : 'now'}
            min={-reach}
            max={0}
            step={reach / 3600}
            value={-Math.min(back, reach)}
            onInput={({ currentTarget }) => {
              lookAt(new Date(presentMs() + Number(currentTarget.value) * 1000));
            }}
          />
          <label class="reach">
            <span class="hidden">How far back the slider reaches</span>
            <select
              value={String(reach)}
              onChange={({ currentTarget }) => {
                setReach(Number(currentTarget.value));
              }}
            >
              {REACHES.map((seconds) => (
                <option value={String(seconds)} key={seconds}>
                  {spanText(seconds)}
                </option>
              ))}
            </select>
          </label>
          <input
            type="datetime-local"
            step="1"
            aria-label="Moment by date and time"
            value={localTimeText(new Date(now.value))}
            onChange={({ currentTarget }) => {
              const moment = new Date(currentTarget.value);
              if (!Number.isNaN(moment.getTime())) lookAt(moment);
            }}
          />
          <button type="button" class="go-live" disabled={!isPast} onClick={goLive}>
            Live
          </button>
        </div>
      )}
    </section>
  );
}
