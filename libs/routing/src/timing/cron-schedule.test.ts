import * as fc from 'fast-check';

import { lastPeriod, parseCron } from './cron-schedule.js';

const last = (schedule: string, now: string, location = 'UTC') =>
  lastPeriod(parseCron(schedule), location, Date.parse(now));

describe('schedules of reports', () => {
  it.each([
    ['weekly', '2026-11-29T12:00Z', '2026-11-23T08:00'],
    ['weekly', '2026-11-30T08:00Z', '2026-11-30T08:00'],
    ['weekly', '2026-11-30T07:59Z', '2026-11-23T08:00'],
    ['monthly', '2026-11-29T12:00Z', '2026-11-01T08:00'],
    ['daily', '2026-01-01T03:00Z', '2025-12-31T08:00'],
    ['30 6 * * 1-5', '2026-11-29T12:00Z', '2026-11-27T06:30'],
    ['*/15 * * * *', '2026-11-29T12:14Z', '2026-11-29T12:00'],
    ['0 9 29 2 *', '2026-11-29T12:00Z', '2024-02-29T09:00'],
    ['0 0 1,15 * fri', '2026-11-29T12:00Z', '2026-11-27T00:00'],
    ['0 0 * JAN,Jul 7', '2026-11-29T12:00Z', '2026-07-26T00:00'],
    ['5-10/5 22 31 * *', '2026-11-29T12:00Z', '2026-10-31T22:10'],
    ['50/5 1 * * *', '2026-11-29T12:00Z', '2026-11-29T01:55'],
  ])('finds the last time of %s before %s at %s', (schedule, now, expected) => {
    expect(last(schedule, now)).toBe(expected);
  });

  it('goes by the clock of the place', () => {
    expect(last('weekly', '2026-11-29T22:59Z', 'Asia/Tokyo')).toBe('2026-11-23T08:00');
    expect(last('weekly', '2026-11-29T23:00Z', 'Asia/Tokyo')).toBe('2026-11-30T08:00');
    expect(last('0 0 1 * *', '2026-11-30T12:00Z', 'Pacific/Kiritimati')).toBe('2026-12-01T00:00');
  });

  it('gives an hour that the clock repeats one period', () => {
    const at = (time: string) => last('30 2 * * *', time, 'Europe/Berlin');
    expect(at('2026-10-25T00:30Z')).toBe('2026-10-25T02:30');
    expect(at('2026-10-25T01:30Z')).toBe('2026-10-25T02:30');
  });

  it('gives a time that the clock skips its period after the gap', () => {
    expect(last('30 2 * * *', '2026-03-29T00:59Z', 'Europe/Berlin')).toBe('2026-03-28T02:30');
    expect(last('30 2 * * *', '2026-03-29T01:00Z', 'Europe/Berlin')).toBe('2026-03-29T02:30');
  });

  it.each([
    '',
    'hourly',
    '0 8 * *',
    '0 8 * * * *',
    '60 8 * * *',
    '0 24 * * *',
    '0 8 0 * *',
    '0 8 32 * *',
    '0 8 * 13 *',
    '0 8 * * 8',
    '0 8 * * xyz',
    '5-1 8 * * *',
    '*/0 8 * * *',
    '0 8 30 2 *',
    '*-5 8 * * *',
    '-1 8 * * *',
    '0 8 mon * *',
  ])('rejects %p', (text) => {
    expect(() => parseCron(text)).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID' }));
  });

  it('never goes back while time goes on, and is never in the future', () => {
    const pick = (min: number, max: number) => fc.integer({ min, max }).map(String);
    const field = (min: number, max: number) => fc.oneof(fc.constant('*'), pick(min, max));
    const cron = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6));
    fc.assert(
      fc.property(cron, fc.integer({ min: 0, max: 2e9 }), fc.integer({ min: 0, max: 1e7 }), (fields, at, later) => {
        const schedule = parseCron(fields.join(' '));
        const [one, other] = [at, at + later].map((seconds) => lastPeriod(schedule, 'UTC', seconds * 1000)!);
        expect(one! <= other!).toBe(true);
        expect(Date.parse(`${other}Z`)).toBeLessThanOrEqual((at + later) * 1000);
      }),
    );
  });
});
