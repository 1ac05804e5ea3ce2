import * as fc from 'fast-check';

import { RecentMap } from './recent-map.js';
import { type PersistedPairs, RecentPairs } from './recent-pairs.js';

const part = fc.constantFrom('a', 'b', 'c', 'd');
const steps = fc.array(fc.record({ place: part, key: part, sets: fc.boolean() }), { maxLength: 60 });

describe('RecentPairs', () => {
  it('behaves as a RecentMap of the joined keys, also after a snapshot', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 12 }), fc.nat(60), (calls, limit, keptAt) => {
        const joined = new RecentMap<number>(limit);
        let pairs = new RecentPairs<string, number>(limit);
        for (const [index, { place, key, sets }] of calls.entries()) {
          if (sets) {
            joined.set(`${place}/${key}`, index);
            pairs.set(place, key, index);
          }
          expect(pairs.get(place, key)).toBe(joined.get(`${place}/${key}`));
          if (index !== keptAt) continue;
          const other = new RecentPairs<string, number>(limit);
          other.restore(JSON.parse(JSON.stringify(pairs.snapshot(String))) as PersistedPairs<string, string>, Number);
          pairs = other;
        }
      }),
    );
  });

  it('drops the keys of values that are not to be kept, and no others', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 12 }), (calls, limit) => {
        const pairs = new RecentPairs<string, number>(limit);
        for (const [index, { place, key }] of calls.entries()) pairs.set(place, key, index);
        const all = calls.map(({ place, key }) => [place, key] as const);
        const before = all.map(([place, key]) => pairs.peek(place, key));
        pairs.retain((value) => value % 2 === 0);
        const kept = before.map((value) => (value !== undefined && value % 2 === 0 ? value : undefined));
        expect(all.map(([place, key]) => pairs.peek(place, key))).toEqual(kept);
        expect(new Set(pairs.values())).toEqual(new Set(kept.filter((value) => value !== undefined)));
      }),
    );
  });
});
