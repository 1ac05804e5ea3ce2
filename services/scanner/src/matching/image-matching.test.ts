import type { Advisories, FleetMatches, Store } from '@tidewaiter/store';

import type { ScannerConfig } from '../config.js';
import { ImageMatching, withinLimit } from './image-matching.js';

const packages = ['a', 'b', 'c'].map((id) => ({ id }));
const matchesOf = (...ids: string[]) => ids.map((packageId, index) => ({ packageId, index }));

describe('withinLimit', () => {
  it('returns all matches at the limit', () => {
    const matches = matchesOf('a', 'a', 'c');
    expect(withinLimit(packages, matches, 3)).toEqual({ packages, matches });
  });

  it('defers the package that exceeds the limit and all later ones', () => {
    const matches = matchesOf('a', 'a', 'b', 'b', 'c');
    expect(withinLimit(packages, matches, 3)).toEqual({ packages: [{ id: 'a' }], matches: matchesOf('a', 'a') });
  });

  it('counts packages without a match as compared', () => {
    expect(withinLimit(packages, matchesOf('c', 'c'), 1)).toEqual({ packages: packages.slice(0, 2), matches: [] });
  });

  it('stops reading at the limit', () => {
    let read = 0;
    function* endless() {
      for (;;) {
        read += 1;
        yield { packageId: 'a' };
      }
    }
    expect(withinLimit(packages, endless(), 10)).toEqual({ packages: [], matches: [] });
    expect(read).toBe(11);
  });
});

describe('ImageMatching', () => {
  it.each([
    [false, 0],
    [true, 1],
  ])('opens a transaction only for new packages: %s', async (hasUnmatched, transactions) => {
    let opened = 0;
    const store = { transaction: async () => void (opened += 1) } as unknown as Store;
    const fleet = { hasUnmatched: async () => hasUnmatched } as unknown as FleetMatches;
    await new ImageMatching(store, {} as Advisories, fleet, {} as ScannerConfig).match('sha256:x');
    expect(opened).toBe(transactions);
  });
});
