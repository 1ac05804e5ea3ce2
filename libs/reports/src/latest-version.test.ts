import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { latestVersion } from './latest-version.js';

describe('latestVersion', () => {
  it.each([
    [['3.0.9', '3.0.10'], '3.0.10'],
    [['1.0~rc1', '1.0'], '1.0'],
    [['3.0.17-1~deb12u2', '3.0.17-1~deb12u10', '3.0.16-1'], '3.0.17-1~deb12u10'],
    [['1:0.1', '2.0'], '1:0.1'],
    [['2.0', '0:2.1'], '0:2.1'],
    [['1.2.3', '1.2.3.1'], '1.2.3.1'],
    [['1.2.3-r1', '1.2.3-r0'], '1.2.3-r1'],
    [['4.19.2'], '4.19.2'],
    [[], null],
  ])('returns for %j: %j', (versions, latest) => {
    expect(latestVersion(versions)).toBe(latest);
  });

  it('returns one of its inputs', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: anyCharacter }), { minLength: 1 }), (versions) => {
        expect(versions).toContain(latestVersion(versions));
      }),
    );
  });
});
