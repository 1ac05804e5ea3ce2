import * as fc from 'fast-check';

import { NameSet } from './name-set.js';

describe('NameSet', () => {
  it('finds every name that was added', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (names) => {
        const set = NameSet.decode(NameSet.encode(names));
        expect(names.filter((name) => !set.has(name))).toEqual([]);
      }),
    );
  });

  it('finds almost no other name', () => {
    const set = NameSet.decode(NameSet.encode(numbered('net/http.Server.', 5_000)));
    expect(numbered('net/http.Client.', 20_000).filter((name) => set.has(name)).length).toBeLessThan(5);
  });

  it('has the same bytes for the same names in any order', () => {
    const names = numbered('fmt.', 100);
    expect(NameSet.encode([...names, ...names].toReversed())).toEqual(NameSet.encode(names));
  });

  it('takes some 20 bits a name', () => {
    expect(NameSet.encode(numbered('golang.org/x/net/html.', 10_000)).length).toBeLessThan(26_000);
  });

  it('finds nothing in an empty set', () => {
    expect(NameSet.decode(NameSet.encode([])).has('')).toBe(false);
  });

  it('refuses bytes that are cut off, and a count beyond them', () => {
    const bytes = NameSet.encode(numbered('fmt.', 100));
    expect(() => NameSet.decode(bytes.subarray(0, bytes.length - 2))).toThrow(RangeError);
    expect(() => NameSet.decode(Uint8Array.of(255, 255, 255, 255, 0))).toThrow(RangeError);
    expect(() => NameSet.decode(new Uint8Array())).toThrow(RangeError);
  });
});

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}
