import { useMemo } from 'preact/hooks';
import type { Activity } from '../../queries/activity.ts';
import { read } from '../api/client.ts';
import type { Wire } from '../api/wire.ts';
import { at } from '../moment.ts';
import { LazyChart } from '../parts/lazy-chart.tsx';
import { Problem } from '../parts/problem.tsx';
import { WindowChoice, chosenWindow } from '../parts/window-choice.tsx';
import { countText, spanText } from '../parts/words.ts';
import { useLive } from '../use-live.ts';

type Bucket = Wire<Activity>;

const COUNTS = [
  { key: 'enqueued', name: 'enqueued', colour: '--waiting' },
  { key: 'completed', name: 'completed', colour: '--completed', isArea: true },
  { key: 'failed', name: 'failed', colour: '--failed' },
  { key: 'canceled', name: 'canceled', colour: '--canceled' },
] as const;

/** How much was done, and how long it took. */
export function Trends() {
  const { seconds, buckets, name, pauseMs } = chosenWindow();
  const { data, error } = useLive(
    `activity ${seconds} ${at.value ?? ''}`,
    (signal) =>
      read<{ buckets: readonly Bucket[] }>('activity', { window: seconds, buckets, until: at.value }, signal),
    { isPast: at.value !== undefined, isTouchedBy: () => false, everyMs: pauseMs },
  );
  const drawn = useMemo(() => drawingOf(data?.buckets ?? []), [data]);
  return (
    <section aria-labelledby="title">
      <div class="heading">
        <h1 id="title">Trends</h1>
        <WindowChoice />
      </div>
      {error !== undefined && <Problem error={error} />}
      <ul class="tiles">
        {COUNTS.map(({ key, name: what, colour }) => (
          <li key={key}>
            <div class="tile" style={{ '--state': `var(${colour})` }}>
              <strong>
                {drawn.isSampled ? '≈ ' : ''}
                {countText(Math.round(drawn.sums[key] ?? 0))}
              </strong>
              {what}
            </div>
          </li>
        ))}
      </ul>
      {drawn.isSampled && (
        <p class="hint">So much happened that a part of it was counted, and taken for the whole.</p>
      )}
      <section class="card" aria-labelledby="throughput">
        <h2 id="throughput">Throughput, tasks a second</h2>
        <LazyChart
          label={`Tasks a second over the last ${name}`}
          times={drawn.times}
          lines={drawn.throughput}
          write={(value) =>
            value >= 100 ? countText(Math.round(value)) : String(Number(value.toPrecision(2)))
          }
        />
      </section>
      <div class="columns even">
        <section class="card" aria-labelledby="waited">
          <h2 id="waited">Waited until the start</h2>
          <LazyChart
            label={`How long tasks waited over the last ${name}`}
            times={drawn.times}
            lines={drawn.waited}
            write={spanText}
          />
        </section>
        <section class="card" aria-labelledby="ran">
          <h2 id="ran">Ran</h2>
          <LazyChart
            label={`How long tasks ran over the last ${name}`}
            times={drawn.times}
            lines={drawn.ran}
            write={spanText}
          />
        </section>
      </div>
      <p class="hint">Times are those of some tasks of each part of the period.</p>
    </section>
  );
}

function drawingOf(buckets: readonly Bucket[]) {
  const seconds = (bucket: Bucket) => (Date.parse(bucket.ends) - Date.parse(bucket.begins)) / 1000;
  const line = (
    key: 'waited_median' | 'waited_p95' | 'ran_median' | 'ran_p95',
    name: string,
    colour: string,
  ) => ({
    name,
    colour,
    values: buckets.map((bucket) => bucket[key]),
  });
  return {
    times: buckets.map(({ begins }) => Date.parse(begins) / 1000),
    isSampled: buckets.some(({ is_sampled }) => is_sampled),
    sums: Object.fromEntries(
      COUNTS.map(({ key }) => [key, buckets.reduce((sum, bucket) => sum + bucket[key], 0)]),
    ),
    throughput: COUNTS.map(({ key, ...line }) => ({
      ...line,
      values: buckets.map((bucket) => bucket[key] / seconds(bucket)),
    })),
    waited: [
      line('waited_median', 'half of them', '--waiting'),
      line('waited_p95', '95 of 100', '--canceling'),
    ],
    ran: [line('ran_median', 'half of them', '--running'), line('ran_p95', '95 of 100', '--skipped')],
  };
}
