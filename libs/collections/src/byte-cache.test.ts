import { ByteCache } from './byte-cache.js';

describe('ByteCache', () => {
  it('evicts the least recently used value first', () => {
    const cache = new ByteCache<number>(10);
    cache.set('a', 1, 4);
    cache.set('b', 2, 4);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3, 4);
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.bytes]).toEqual([1, undefined, 3, 8]);
  });

  it('counts a replaced value once and a deleted one no more', () => {
    const cache = new ByteCache<number>(10);
    cache.set('a', 1, 4);
    cache.set('a', 2, 6);
    cache.delete('nothing');
    expect([cache.get('a'), cache.bytes]).toEqual([2, 6]);
    cache.delete('a');
    expect([cache.has('a'), cache.bytes]).toEqual([false, 0]);
  });

  it('keeps a value larger than its limit until the next is set', () => {
    const cache = new ByteCache<number>(10);
    cache.set('a', 1, 100);
    expect(cache.get('a')).toBe(1);
    cache.set('b', 2, 5);
    expect([cache.has('a'), cache.bytes]).toEqual([false, 5]);
  });
});
