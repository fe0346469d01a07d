import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ChartProps } from './chart.tsx';

/** A chart, whose code is loaded with the first one. */
export function LazyChart(props: ChartProps) {
  const [Loaded, setLoaded] = useState<{ readonly Chart: ComponentType<ChartProps> }>();
  useEffect(() => {
    void import('./chart.tsx').then(({ default: Chart }) => {
      setLoaded({ Chart });
    });
  }, []);
  return Loaded === undefined ? <div class="chart" /> : <Loaded.Chart {...props} />;
}
