import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { parseDuration } from './duration.js';

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['7d', 604_800_000],
    ['1w2d', 777_600_000],
    ['1y', 31_536_000_000],
    ['90m', 5_400_000],
    ['1h1m1s1ms', 3_661_001],
  ])('reads %s as %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '5',
    '-5m',
    '1.5h',
    '30m1h',
    '1h 30m',
    '5 m',
    '5M',
    '1m1m',
    'm',
    '5m\n',
    ' 5m',
    '1e3s',
    '９m',
    '99999999999999999999y',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });

  it('throws nothing but InvalidInput', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0159ywdhms.- '.split('')) }), (text) => {
        try {
          expect(parseDuration(text)).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
    );
  });
});
