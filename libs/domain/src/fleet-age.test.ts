import { staleFleet } from './fleet-age.js';

describe('staleFleet', () => {
  const now = Date.parse('2026-11-30T08:00:00Z');
  const words = (time: string) => `<${time}>`;

  it.each([
    [null, 'No scanner has evaluated the fleet yet.'],
    [
      '2026-11-30T06:59:59Z',
      'No scanner has evaluated the fleet since <2026-11-30T06:59:59Z>: what came since is missing.',
    ],
    ['2026-11-30T07:00:00Z', null],
    // The clock of the database may be ahead.
    ['2026-11-30T08:00:10Z', null],
  ])('of a fleet that was evaluated at %s says %s', (asOf, text) => {
    expect(staleFleet(asOf, now, words)).toBe(text);
  });
});
