/** A figure of our engine alone, with the target that it has to meet. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target: { readonly atLeast: number } | { readonly atMost: number };
}

/** Something that a single engine is measured by, on an empty database of its own. */
export interface Scenario {
  readonly name: string;
  measure(options: {
    /** How many tasks wait in the scenario that is about that. */
    readonly backlog: number;
    /** Brings the database into the state of one that has been in use for a while. */
    readonly settle: () => Promise<void>;
  }): Promise<readonly Figure[]>;
}

/** Whether the figure meets its target. */
export function isMet({ value, target }: Figure): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

/** The figures as an aligned plain-text table. */
export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${figure.value.toLocaleString('en', { maximumFractionDigits: figure.value < 10 ? 2 : 0 })} ${figure.unit}`,
    'atLeast' in figure.target
      ? `≥ ${figure.target.atLeast.toLocaleString('en')}`
      : `≤ ${figure.target.atMost.toLocaleString('en')}`,
    isMet(figure) ? 'pass' : 'miss',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([name = '', value = '', target = '', verdict = '']) =>
      [
        name.padEnd(widths[0] ?? 0),
        value.padStart(widths[1] ?? 0),
        target.padStart(widths[2] ?? 0),
        verdict,
      ].join('  '),
    )
    .join('\n');
}
