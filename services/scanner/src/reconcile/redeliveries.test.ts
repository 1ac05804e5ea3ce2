import * as fc from 'fast-check';

import { type HookAttempt, redeliveriesOf } from './redeliveries.js';

const nowMs = Date.parse('2026-01-10T12:00:00Z');
const minuteMs = 60_000;

const attempt = (id: number, more: Partial<HookAttempt> = {}): HookAttempt => ({
  id,
  guid: `guid-${id}`,
  atMs: nowMs - 10 * minuteMs - id,
  status: 502,
  event: 'registry_package',
  ...more,
});
const again = (guid: string, count: number, status = 502) =>
  Array.from({ length: count }, (_, index) => attempt(index, { guid, atMs: nowMs - (index + 5) * minuteMs, status }));

describe('redeliveriesOf', () => {
  it.each([
    ['one that failed', [attempt(1)], [1]],
    ['one without an answer', [attempt(1, { status: 0 })], [1]],
    ['none that arrived', [attempt(1, { status: 202 })], []],
    [
      'none that arrived when it was delivered again',
      [attempt(1, { status: 200 }), attempt(2, { guid: 'guid-1' })],
      [],
    ],
    ['one that failed again, by its newest attempt', again('g', 3), [0]],
    ['none that failed too often', again('g', 5), []],
    ['none of other event types', [attempt(1, { event: 'ping' }), attempt(2, { event: 'push' })], []],
    ['the oldest first', [attempt(1), attempt(2), attempt(3)], [3, 2, 1]],
  ])('requests %s', (_, attempts, ids) => {
    expect(redeliveriesOf(attempts, { nowMs, max: 10 }).ids).toEqual(ids);
  });

  it('waits for the answer of a pending attempt', () => {
    const young = attempt(1, { atMs: nowMs - minuteMs });
    expect(redeliveriesOf([young], { nowMs, max: 10 })).toEqual({ ids: [], isSettled: false });
    expect(redeliveriesOf([young], { nowMs: nowMs + 2 * minuteMs, max: 10 }).ids).toEqual([1]);
  });

  it('requests at most the limit, and each delivery once', () => {
    const some = fc.array(
      fc.record({ id: fc.nat(), guid: fc.constantFrom('a', 'b', 'c'), status: fc.constantFrom(0, 200, 500) }),
    );
    fc.assert(
      fc.property(some, fc.nat(3), (given, max) => {
        const { ids } = redeliveriesOf(
          given.map(({ id, ...more }) => attempt(id, { ...more, atMs: 0 })),
          { nowMs, max },
        );
        expect(ids.length).toBeLessThanOrEqual(Math.min(max, new Set(given.map(({ guid }) => guid)).size));
      }),
    );
  });
});
