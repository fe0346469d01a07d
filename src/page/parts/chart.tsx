import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

/** A line of a chart. */
export interface Line {
  readonly name: string;
  /** Name of the custom property that has its colour. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly isArea?: boolean;
}

export interface ChartProps {
  readonly label: string;
  /** Of each value, when: in seconds. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** What a value is called, on the axis and in the legend. */
  readonly write: (value: number) => string;
}

const HEIGHT = 220;

/** A chart of lines over time; `label` says what it shows to who cannot see it. */
export default function Chart({ label, times, lines, write }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const axis = {
      stroke: resolved(element, '--soft'),
      grid: { stroke: resolved(element, '--line'), width: 1 },
      ticks: { show: false },
    };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        cursor: { drag: { x: false, y: false } },
        axes: [
          { ...axis, values: (_, at) => at.map((time) => tickText(time, at)) },
          { ...axis, size: 84, values: (_, values) => values.map(write) },
        ],
        scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.08, 1e-9)] } },
        series: [
          { value: (_, time) => (time === null ? '' : new Date(time * 1000).toLocaleString('sv')) },
          ...lines.map((line) => ({
            label: line.name,
            stroke: resolved(element, line.colour),
            width: 2,
            points: { show: false },
            spanGaps: false,
            ...(line.isArea === true && {
              fill: `color-mix(in srgb, ${resolved(element, line.colour)} 16%, transparent)`,
            }),
            value: (_: uPlot, value: number | null) => (value === null ? '–' : write(value)),
          })),
        ],
      },
      [[...times], ...lines.map(({ values }) => [...values])],
      element,
    );
    const observer = new ResizeObserver(() => {
      chart.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [times, lines]);
  return <div class="chart" ref={place} role="img" aria-label={label} />;
}

/** A colour of the theme as a canvas takes it: a custom property may hold one for dark and one for light. */
function resolved(element: Element, property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** A time on the axis: the hour, or the day where they are that far apart. */
function tickText(time: number, [first = 0, second = Infinity]: readonly number[]): string {
  const text = new Date(time * 1000).toLocaleString('sv');
  return second - first >= 43_200 ? text.slice(5, 10) : text.slice(11, 16);
}
