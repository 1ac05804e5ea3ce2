import { RecentMap } from './recent-map.js';

it('forgets what was used longest ago', () => {
  const map = new RecentMap<number>(2);
  map.set('a', 1);
  map.set('b', 2);
  expect(map.get('a')).toBe(1);
  map.set('c', 3);
  expect(map.entries()).toEqual([
    ['a', 1],
    ['c', 3],
  ]);
});

it('goes on from its entries in the same order', () => {
  const map = new RecentMap<number>(2);
  map.set('a', 1);
  map.set('b', 2);
  const other = new RecentMap<number>(2);
  other.restore(map.entries());
  other.set('c', 3);
  expect(other.entries().map(([key]) => key)).toEqual(['b', 'c']);
});
