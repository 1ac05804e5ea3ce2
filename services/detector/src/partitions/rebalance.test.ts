import * as fc from 'fast-check';

import { rebalance } from './rebalance.js';

const names = (from: number, count: number) => Array.from({ length: count }, (_, index) => `partition/${from + index}`);

describe('rebalance', () => {
  it.each([
    ['takes everything when it is alone', 1, 0, 33, { release: 0, take: 33 }],
    ['takes its share of what is free', 2, 0, 33, { release: 0, take: 17 }],
    ['takes what is missing to its share', 2, 15, 5, { release: 0, take: 2 }],
    ['takes what there is', 2, 15, 1, { release: 0, take: 1 }],
    ['lets go what is more than its share', 3, 33, 0, { release: 22, take: 0 }],
    ['changes nothing when it has its share', 2, 17, 0, { release: 0, take: 0 }],
    ['counts itself before any replica is registered', 0, 0, 33, { release: 0, take: 33 }],
  ])('%s', (_, replicas, held, free, expected) => {
    const change = rebalance({ replicas, mine: names(0, held), free: names(held, free) }, 33);
    expect({ release: change.release.length, take: change.take }).toEqual(expected);
  });

  it('leaves no free lease and no replica above its share, from any state', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.nat(50), { minLength: 33, maxLength: 33 }),
        (replicas, held) => {
          const holders = new Map(
            held.map((holder, index) => [`partition/${index}`, holder < replicas ? holder : null]),
          );
          const heldBy = (holder: number | null) =>
            [...holders].filter(([, each]) => each === holder).map(([name]) => name);
          const changeOf = (replica: number) => rebalance({ replicas, mine: heldBy(replica), free: heldBy(null) }, 33);
          for (let replica = 0; replica < replicas; replica += 1) {
            for (const name of changeOf(replica).release) holders.set(name, null);
          }
          for (let replica = 0; replica < replicas; replica += 1) {
            for (const name of heldBy(null).slice(0, changeOf(replica).take)) holders.set(name, replica);
          }
          expect(heldBy(null)).toEqual([]);
          for (let replica = 0; replica < replicas; replica += 1) {
            expect(heldBy(replica).length).toBeLessThanOrEqual(Math.ceil(33 / replicas));
          }
        },
      ),
    );
  });
});
