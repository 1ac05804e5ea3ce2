import type { AdvisorySummary } from '@tidewaiter/domain';

import { type Hit, packageFindings, type PackageMatch, type VulnerablePackage } from './index.js';

const zlib: VulnerablePackage = {
  type: 'deb',
  name: 'zlib1g',
  version: '1',
  purl: 'pkg:deb/debian/zlib1g@1',
  foundIn: 'var/lib/dpkg/status',
  layer: 3,
  state: 'present',
};
const evidence = { source: 'Debian:12', comparedName: 'zlib', comparedVersion: '1', range: '< 2' };

function hit(id: string, advisory: Partial<AdvisorySummary> = {}, match: Partial<PackageMatch> = {}): Hit {
  const about = {
    vulnerabilityId: 'CVE-2026-1',
    aliases: ['CVE-2026-1'],
    cvss: null,
    title: 'a hole',
    published: null,
  };
  const fix = { state: 'fixed' as const, version: '2' };
  return {
    advisory: { id, ...about, severity: 'high', ...advisory },
    match: { advisoryId: id, state: 'affected', fix, severity: null, evidence, ...match },
  };
}

it('is one finding for each vulnerability, with all that it is called', () => {
  const hits = [hit('DSA-2', { aliases: ['GHSA-1', 'CVE-2026-1'] }), hit('DLA-2')];
  expect(packageFindings(zlib, hits)).toMatchObject([
    {
      kind: 'vulnerability',
      id: 'CVE-2026-1',
      aliases: ['DLA-2', 'DSA-2', 'GHSA-1'],
      packageName: 'zlib1g',
      installedVersion: '1',
      path: 'var/lib/dpkg/status',
      layer: 3,
      confidence: 'certain',
    },
  ]);
});

it.each<[string, Hit]>([
  ['one that may hit, though that knows a fix', hit('A', {}, { state: 'unknown' })],
  ['one that knows no fix', hit('A', {}, { fix: { state: 'not-fixed' } })],
  ['one with a later id', hit('DSA-3')],
])('an advisory speaks before %s', (_, other) => {
  const one = hit('DSA-2');
  expect(packageFindings(zlib, [one, other])).toMatchObject([{ evidence: { advisory: 'DSA-2', ...evidence } }]);
  expect(packageFindings(zlib, [other, one])).toMatchObject([{ evidence: { advisory: 'DSA-2', ...evidence } }]);
});

it('is the same in the next version, and another in another package', () => {
  const fingerprintOf = (pkg: VulnerablePackage, each: Hit) => packageFindings(pkg, [each])[0]!.fingerprint;
  const fingerprint = fingerprintOf(zlib, hit('DSA-2'));
  expect(fingerprintOf({ ...zlib, version: '2', layer: 0 }, hit('A'))).toBe(fingerprint);
  expect(fingerprintOf({ ...zlib, name: 'zlib' }, hit('DSA-2'))).not.toBe(fingerprint);
});

it('is only possible where versions could not be compared', () => {
  expect(packageFindings(zlib, [hit('DSA-2', {}, { state: 'unknown' })])).toMatchObject([
    { match: 'unknown', confidence: 'possible' },
  ]);
});

it('says when the advisory was published, where anybody does', () => {
  const published = '2026-01-02T00:00:00Z';
  expect(packageFindings(zlib, [hit('DSA-2', { published })])).toMatchObject([{ evidence: { published } }]);
  expect(packageFindings(zlib, [hit('DSA-2')])[0]!.evidence).not.toHaveProperty('published');
});
