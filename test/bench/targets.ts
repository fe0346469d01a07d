import type { Target } from './report.ts';

/**
 * The ratios that have to hold. Those among the peers are a check on the benchmark itself: they are known to be
 * far apart, so a miss says that the machine was too busy or the drains too small for any figure to mean much.
 */
export const targets: readonly Target[] = [
  { measure: 'drain', contestant: 'pulp-inline', baseline: 'pg-boss-100', atLeast: 1.5 },
  { measure: 'drain', contestant: 'pulp-inline', baseline: 'pg-boss-500', atLeast: 1.5 },
  { measure: 'drain', contestant: 'pulp-inline', baseline: 'graphile-worker-local-queue', atLeast: 0.8 },
  { measure: 'drain', contestant: 'pulp-resources', baseline: 'pulp-inline', atLeast: 0.5 },
  { measure: 'drain', contestant: 'pulp-capacity-100', baseline: 'pulp-resources-100', atLeast: 0.5 },
  { measure: 'drain', contestant: 'pulp-horses', baseline: 'graphile-worker', atLeast: 1 },
  { measure: 'drain', contestant: 'pulp-horses-100', baseline: 'graphile-worker', atLeast: 1.7 },
  { measure: 'drain', contestant: 'pg-boss-500', baseline: 'pg-boss-100', atLeast: 1.1 },
  { measure: 'drain', contestant: 'graphile-worker-local-queue', baseline: 'graphile-worker', atLeast: 4 },
];
