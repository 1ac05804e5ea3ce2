import { backoffMs, retryAfterMs } from './retry.js';

const now = Date.parse('2026-03-01T12:00:00Z');

describe('backoffMs', () => {
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['7', 7_000],
    ['300', 300_000],
    ['301', 300_000],
    ['9999999999', 300_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 13:00:00 GMT', 300_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['', undefined],
    ['soon', undefined],
    ['1'.repeat(400), undefined],
  ])('parses Retry-After %s as %s ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it('doubles the pause each time, with jitter', () => {
    for (const [failures, ms] of [
      [1, 200],
      [2, 400],
      [3, 800],
    ] as const) {
      expect(backoffMs(failures)).toBeGreaterThanOrEqual(ms * 0.5);
      expect(backoffMs(failures)).toBeLessThanOrEqual(ms * 1.5);
    }
  });
});
