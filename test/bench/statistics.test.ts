import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { median, medianRatio, percentile } from './statistics.ts';

describe('the median', () => {
  test('is the middle sample by value, whatever the order', () => {
    assert.equal(median([30, 1, 200]), 30);
  });

  test('is the mean of the middle two of an even number', () => {
    assert.equal(median([40, 10, 30, 20]), 25);
  });

  test('leaves the samples as they were', () => {
    const samples = [3, 1, 2];
    median(samples);
    assert.deepEqual(samples, [3, 1, 2]);
  });
});

describe('a percentile', () => {
  test('reaches from the smallest to the largest sample', () => {
    assert.equal(percentile([5, 9, 7], 0), 5);
    assert.equal(percentile([5, 9, 7], 1), 9);
  });

  test('lies between its neighbours in proportion', () => {
    assert.equal(percentile([0, 10, 20, 30, 40], 0.99), 39.6);
  });

  test('is refused of no samples and outside 0 to 1', () => {
    assert.throws(() => percentile([], 0.5), /no samples/);
    assert.throws(() => percentile([1], 95), /between 0 and 1, and 95 does not/);
    assert.throws(() => percentile([1], Number.NaN), RangeError);
  });
});

describe('the median ratio', () => {
  test('compares the rates of the same round, so a slow round of both does not count', () => {
    assert.equal(medianRatio([200, 20, 210], [100, 10, 100]), 2);
  });

  test('is refused when a round is missing on one side', () => {
    assert.throws(() => medianRatio([1, 2], [1]), /2 rates cannot be paired with 1/);
  });
});
