import type { Sample } from '../../queries/metrics.ts';

/** What Prometheus calls its text format. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Writes metrics in the text format of Prometheus. The samples of a metric follow each other. */
export function writeExposition(samples: readonly Sample[]): string {
  const lines: string[] = [];
  let current: string | undefined;
  for (const { metric, kind, help, sample, labels, value } of samples) {
    if (metric !== current) {
      lines.push(`# HELP ${metric} ${escaped(help)}`, `# TYPE ${metric} ${kind}`);
      current = metric;
    }
    const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escaped(text, true)}"`);
    lines.push(`${sample}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function escaped(text: string, isQuoted = false): string {
  const whole = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return isQuoted ? whole.replaceAll('"', '\\"') : whole;
}
