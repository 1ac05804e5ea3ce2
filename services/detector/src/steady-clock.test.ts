import * as fc from 'fast-check';

import { SteadyClock } from './steady-clock.js';

const minutes = (count: number) => count * 60_000;

describe('SteadyClock', () => {
  it('shows the time of the clock that it follows', () => {
    const clock = new SteadyClock(null, 0);
    expect([clock.read(5_000, 10), clock.read(5_100, 110), clock.read(9_000, 210)]).toEqual([5_000, 5_100, 9_000]);
  });

  it('goes on from a time', () => {
    const clock = new SteadyClock(5_000, 0);
    expect([clock.read(4_000, 100), clock.read(6_000, 200)]).toEqual([5_050, 6_000]);
  });

  it('goes on at half its pace when the clock that it follows is set back, and meets it again', () => {
    const clock = new SteadyClock(null, 0);
    clock.read(minutes(70), 0);
    expect(clock.read(minutes(60), 1_000)).toBe(minutes(70) + 500);
    expect(clock.read(minutes(79), minutes(19))).toBe(minutes(79.5));
    expect(clock.read(minutes(81), minutes(21))).toBe(minutes(81));
  });

  it('never goes back and never stands still, whatever the other clock does', () => {
    const readings = fc.array(fc.tuple(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 1e6 })));
    fc.assert(
      fc.property(readings, (steps) => {
        const clock = new SteadyClock(0, 0);
        let [monotonicMs, before] = [0, 0];
        for (const [nowMs, elapsedMs] of steps) {
          monotonicMs += elapsedMs;
          const timeMs = clock.read(nowMs, monotonicMs);
          expect(timeMs).toBeGreaterThanOrEqual(before + elapsedMs / 2);
          before = timeMs;
        }
      }),
    );
  });
});
