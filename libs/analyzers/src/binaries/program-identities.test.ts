import { programIdentities } from '@tidewaiter/advisories';

import { goPrograms } from './go-programs.js';
import { programs } from './programs.js';

describe('programs', () => {
  it('have an identity in the data of others', () => {
    const recognized = new Set([...programs, ...goPrograms].map(({ name }) => name));
    expect(programIdentities.map(({ name }) => name).toSorted()).toEqual([...recognized].toSorted());
  });
});
