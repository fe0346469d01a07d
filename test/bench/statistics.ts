/** Summaries of samples: of rates in this benchmark, of latencies in milliseconds or any other unit. */

/**
 * The value below which the `fraction` (0 to 1) of the samples lies, interpolated linearly between its two
 * neighbours, as Postgres's `percentile_cont` does. Throws on no samples and on a fraction outside 0 to 1.
 */
export function percentile(samples: readonly number[], fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new RangeError(`a percentile's fraction must lie between 0 and 1, and ${fraction} does not`);
  }
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(rank)];
  const above = sorted[Math.ceil(rank)];
  if (below === undefined || above === undefined)
    throw new RangeError('there is no percentile of no samples');
  return below + (above - below) * (rank - Math.floor(rank));
}

/** The middle sample, or the mean of the middle two. Throws on no samples. */
export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/**
 * How many times `rates` are `baseline`, where both hold one rate a round in the same order: the median of
 * the rounds' own ratios, so that a slow spell of the machine, which hits both, does not move it.
 */
export function medianRatio(rates: readonly number[], baseline: readonly number[]): number {
  if (rates.length !== baseline.length) {
    throw new RangeError(`${rates.length} rates cannot be paired with ${baseline.length} of the baseline`);
  }
  return median(rates.map((rate, round) => rate / (baseline[round] ?? Number.NaN)));
}
