import * as fc from 'fast-check';

import { oldestOf } from './oldest.js';

describe('oldestOf', () => {
  it('returns the records that a stable sort by time puts first', () => {
    const records = fc.array(fc.nat(9).map((lastSeenMs) => ({ lastSeenMs })));
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 12 }), (all, count) => {
        const sorted = all.toSorted((a, b) => a.lastSeenMs - b.lastSeenMs).slice(0, count);
        expect(new Set(oldestOf(all, count))).toEqual(new Set(sorted));
        expect(oldestOf(all, count)).toHaveLength(Math.min(count, all.length));
      }),
    );
  });
});
