import { backOffMs } from './back-off.js';

describe('backOffMs', () => {
  it.each([
    [1, 0, 1_000],
    [1, 1, 500],
    [2, 0, 2_000],
    [4, 0.5, 6_000],
    [9, 0, 30_000],
    [10_000, 1, 15_000],
  ])('pauses after %d failures, by chance %d, for %d ms', (failures, random, pauseMs) => {
    expect(backOffMs(failures, random)).toBe(pauseMs);
  });
});
