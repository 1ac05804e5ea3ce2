import * as fc from 'fast-check';

import { RecentIds } from './recent-ids.js';

describe('RecentIds', () => {
  it('contains at least the last half of its limit, and never more than the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 200 }), (max, count) => {
        const recent = new RecentIds(max);
        const ids = Array.from({ length: count }, (_, index) => `e${index}`);
        for (const id of ids) recent.add(id);
        for (const id of ids.slice(-Math.ceil(max / 2))) expect(recent.has(id)).toBe(true);
        expect(ids.filter((id) => recent.has(id)).length).toBeLessThanOrEqual(max + 1);
      }),
    );
  });
});
