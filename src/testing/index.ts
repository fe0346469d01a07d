// Tests of tasks.
export { testPulp, TestPulp, type TestPulpOptions } from './test-pulp.ts';
export { TestClock } from './test-clock.ts';
export { perform, type Performed, type PerformOptions } from './perform.ts';
