import { readRetryAfter } from './retry-after.js';

const now = Date.parse('2026-03-01T12:00:00Z');

describe('readRetryAfter', () => {
  it.each([
    ['7', 7_000],
    [' 0.5 ', 500],
    ['9999999999', 60_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['1e3', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('parses a Retry-After of %j as %j ms', (header, expected) => {
    expect(readRetryAfter(header, now, 60_000)).toBe(expected);
  });
});
