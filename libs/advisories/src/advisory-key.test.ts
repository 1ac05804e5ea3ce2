import type { PackageRecord } from '@tidewaiter/domain';

import { advisoryKeyOf } from './advisory-key.js';

const debian = { id: 'debian', versionId: '12', name: 'Debian', idLike: [] };

describe('advisoryKeyOf', () => {
  const libssl: PackageRecord = {
    type: 'deb',
    name: 'libssl3',
    version: '3.0.11-1~deb12u2',
    source: { name: 'openssl', version: '3.0.11-1~deb12u2' },
    licenses: [],
    foundIn: 'var/lib/dpkg/status',
  };

  it('asks for the source package', () => {
    expect(advisoryKeyOf(libssl, debian)).toEqual({
      ecosystem: 'Debian',
      release: '12',
      names: ['openssl'],
    });
  });

  it('asks nobody about the package of another kind of distribution', () => {
    expect(advisoryKeyOf(libssl, { ...debian, id: 'alpine', versionId: '3.20.1' })).toBeNull();
  });
});
