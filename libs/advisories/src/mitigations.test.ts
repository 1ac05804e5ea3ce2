import type { PackageRecord } from '@tidewaiter/domain';

import { mitigationOf } from './mitigations.js';

const version = '2.14.1';
const name = 'org.apache.logging.log4j:log4j-core';
const log4j: PackageRecord = {
  type: 'maven',
  name,
  version,
  source: { name, version },
  licenses: [],
  foundIn: 'a.jar',
};
const patched = { ...log4j, qualifiers: { without: 'JndiLookup.class' } };

describe('mitigationOf', () => {
  it.each<[string, PackageRecord, string[], boolean]>([
    ['the patched jar', patched, ['CVE-2021-44228'], true],
    ['the jar as it was', log4j, ['CVE-2021-44228'], false],
    ['a hole elsewhere in it', patched, ['CVE-2021-44832'], false],
    ['an advisory about more', patched, ['CVE-2021-44228', 'CVE-2021-44832'], false],
    ['another jar', { ...patched, name: 'org.apache.logging.log4j:log4j-api' }, ['CVE-2021-44228'], false],
    ['another part', { ...log4j, qualifiers: { without: 'Other.class' } }, ['CVE-2021-44228'], false],
  ])('decides whether %s is mitigated: %#', (_, pkg, ids, expected) => {
    expect(mitigationOf(pkg, ids) !== undefined).toBe(expected);
  });
});
