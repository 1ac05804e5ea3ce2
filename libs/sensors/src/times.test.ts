import * as fc from 'fast-check';

import { readTime, timeMsOf, timeOfNanos, timeOfParts } from './times.js';

describe('readTime', () => {
  it.each([
    ['2026-01-02T03:04:05.123456789Z', '2026-01-02T03:04:05.123456789Z'],
    ['2026-01-02T03:04:05.100000000Z', '2026-01-02T03:04:05.100000000Z'],
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.12+02:00', '2026-01-02T01:04:05.12Z'],
    ['2026-01-02T03:04:05.123456789123Z', '2026-01-02T03:04:05.123456789Z'],
    ['2026-01-02 03:04:05.721', '2026-01-02T03:04:05.721Z'],
    ['2021-04-13T20:58:00.746609046Z+2', '2021-04-13T20:58:00.746609046Z'],
    ['0001-01-01T00:00:00Z', null],
    ['2026-13-02T03:04:05Z', null],
    ['2026-01-02', null],
    ['yesterday', null],
    [1767323045, null],
    [null, null],
  ])('reads the time %j as %j', (value, time) => {
    expect(readTime(value)).toBe(time);
  });

  it.each([
    ['1767323045123456789', '2026-01-02T03:04:05.123456789Z'],
    [1767323045000000000, '2026-01-02T03:04:05.000000000Z'],
    ['0', null],
    ['-1', null],
    ['99999999999999999999', null],
    [true, null],
  ])('reads %j nanoseconds as %j', (value, time) => {
    expect(timeOfNanos(value)).toBe(time);
  });

  it.each([
    [1767323045, 5, '2026-01-02T03:04:05.000000005Z'],
    [null, 0, null],
    [NaN, 0, null],
    [-1, 0, null],
    [1, 1e9, null],
  ])('reads %j seconds and %j nanoseconds as %j', (seconds, nanos, time) => {
    expect(timeOfParts(seconds, nanos)).toBe(time);
  });

  it('counts milliseconds as the calendar does, with what is below one', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
        (date) => {
          expect(timeMsOf(date.toISOString())).toBeCloseTo(date.getTime(), 3);
        },
      ),
    );
    expect(timeMsOf('2026-01-02T03:04:05Z')).toBe(1767323045000);
    expect(timeMsOf('2026-01-02T03:04:05.1234Z')).toBeCloseTo(1767323045123.4, 3);
    expect(timeMsOf('2026-01-02T03:04:05+01:00')).toBe(1767319445000);
    expect(timeMsOf('yesterday')).toBeNaN();
  });

  it('keeps the order of nanoseconds that a number can distinguish', () => {
    expect(timeMsOf('2026-01-02T03:04:05.000000500Z')).toBeGreaterThan(timeMsOf('2026-01-02T03:04:05Z'));
  });
});
