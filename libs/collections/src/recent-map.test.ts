import { RecentMap } from './recent-map.js';

const keysOf = (map: RecentMap<number>) => [...map.entries()].map(([key]) => key);

describe('RecentMap', () => {
  it('drops an entry unused while half of the limit was added', () => {
    const map = new RecentMap<number>(4);
    for (const key of ['a', 'b']) map.set(key, 1);
    expect(map.get('a')).toBe(1);
    map.set('c', 1);
    expect(keysOf(map)).toEqual(['a', 'c']);
    for (const key of ['d', 'e']) map.set(key, 1);
    expect(map.get('a')).toBeUndefined();
  });

  it('never exceeds its limit', () => {
    const map = new RecentMap<number>(100);
    for (let number = 0; number < 1000; number += 1) {
      map.set(`key-${number}`, number);
      map.get(`key-${number - 30}`);
      expect(keysOf(map).length).toBeLessThanOrEqual(100);
    }
    expect(map.get('key-999')).toBe(999);
  });

  it('yields a key once, with its last value, and no deleted key', () => {
    const map = new RecentMap<number>(4);
    for (const [key, value] of [
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ] as const)
      map.set(key, value);
    expect([...map.entries()]).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
    map.delete('a');
    expect(map.get('a')).toBeUndefined();
  });

  it('continues from a snapshot with the same order of eviction', () => {
    const map = new RecentMap<number>(4);
    for (const key of ['a', 'b', 'c']) map.set(key, 1);
    const other = new RecentMap<number>(4);
    other.restore(map.snapshot());
    for (const each of [map, other]) each.set('d', 1);
    expect(keysOf(other)).toEqual(keysOf(map));
  });
});
