import { v7 as uuidv7 } from 'uuid';

import { firstIdAt } from './page.js';

describe('firstIdAt', () => {
  it.each([0, 1, 1_700_000_000_000, 2 ** 48 - 1])(
    'is not above any id that is made at %i, and above all before',
    (time) => {
      const first = firstIdAt(new Date(time));
      expect(first <= uuidv7({ msecs: time, seq: 0, random: new Uint8Array(16) })).toBe(true);
      if (time > 0)
        expect(first > uuidv7({ msecs: time - 1, seq: 0xffffffff, random: new Uint8Array(16).fill(255) })).toBe(true);
    },
  );

  it('returns an id below every id for a time before 1970', () => {
    expect(firstIdAt(new Date('0001-01-01T00:00:00Z'))).toBe('00000000-0000-7000-8000-000000000000');
  });
});
