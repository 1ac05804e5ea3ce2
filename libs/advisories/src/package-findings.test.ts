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
  const base = {
    vulnerabilityId: 'CVE-2026-1111',
    aliases: ['CVE-2026-1111'],
    cvss: null,
    title: 'a hole',
    published: null,
  };
  const fix = { state: 'fixed' as const, version: '2' };
  return {
    advisory: { id, ...base, severity: 'high', ...advisory },
    match: {
      advisoryId: id,
      vulnerabilityIds: ['CVE-2026-1111'],
      state: 'affected',
      fix,
      severity: null,
      evidence,
      ...match,
    },
  };
}

describe('packageFindings', () => {
  it('returns one finding for each vulnerability, with all its ids', () => {
    const hits = [hit('DSA-2', { aliases: ['GHSA-1', 'CVE-2026-1111'] }), hit('DLA-2')];
    expect(packageFindings(zlib, hits)).toMatchObject([
      {
        kind: 'vulnerability',
        id: 'CVE-2026-1111',
        aliases: ['DLA-2', 'DSA-2', 'GHSA-1'],
        packageName: 'zlib1g',
        installedVersion: '1',
        path: 'var/lib/dpkg/status',
        layer: 3,
        confidence: 'certain',
      },
    ]);
  });

  it.each<[string, Partial<PackageMatch['evidence']>[], string]>([
    ['a record by purl', [{}], 'certain'],
    ['a range of a CPE', [{ cpe: 'f5:nginx' }], 'likely'],
    ['a CPE that lists the version', [{ cpe: 'f5:nginx', isExact: true }], 'certain'],
    ['a range of a CPE and a record by purl', [{ cpe: 'f5:nginx' }, {}], 'certain'],
    ['a CPE without bounds', [{ cpe: 'f5:nginx', doubt: 'all-versions' }], 'possible'],
    ['a listed version that needs a platform', [{ cpe: 'f5:nginx', isExact: true, platforms: ['x:y'] }], 'possible'],
    ['a doubtful record beside a range', [{ cpe: 'f5:nginx', doubt: 'unreviewed' }, { cpe: 'f5:nginx' }], 'likely'],
  ])('rates the confidence of %s', (_, about, confidence) => {
    const hits = about.map((more, at) => hit(`A-${at}`, {}, { evidence: { ...evidence, ...more } }));
    expect(packageFindings(zlib, hits)).toMatchObject([{ confidence }]);
  });

  it.each<[string, Hit]>([
    ['one that may hit, though that knows a fix', hit('A', {}, { state: 'unknown' })],
    ['one that knows no fix', hit('A', {}, { fix: { state: 'not-fixed' } })],
    ['one with a later id', hit('DSA-3')],
  ])('prefer an advisory to %s', (_, other) => {
    const one = hit('DSA-2');
    expect(packageFindings(zlib, [one, other])).toMatchObject([{ evidence: { advisory: 'DSA-2', ...evidence } }]);
    expect(packageFindings(zlib, [other, one])).toMatchObject([{ evidence: { advisory: 'DSA-2', ...evidence } }]);
  });

  it('keep the fingerprint in the next version, but not for another package', () => {
    const fingerprintOf = (pkg: VulnerablePackage, each: Hit) => packageFindings(pkg, [each])[0]!.fingerprint;
    const fingerprint = fingerprintOf(zlib, hit('DSA-2'));
    expect(fingerprintOf({ ...zlib, version: '2', layer: 0 }, hit('A'))).toBe(fingerprint);
    expect(fingerprintOf({ ...zlib, name: 'zlib' }, hit('DSA-2'))).not.toBe(fingerprint);
  });

  it('are only possible if versions could not be compared', () => {
    expect(packageFindings(zlib, [hit('DSA-2', {}, { state: 'unknown' })])).toMatchObject([
      { match: 'unknown', confidence: 'possible' },
    ]);
  });

  it('include a finding for each CVE of an update, preferring a record of the CVE alone', () => {
    const cves = ['CVE-2026-1111', 'CVE-2026-2222'];
    const update = hit(
      'DSA-2',
      { aliases: cves, vulnerabilityId: 'DSA-2', severity: 'high' },
      { vulnerabilityIds: cves },
    );
    const single = hit('DEBIAN-CVE-2026-1111', { severity: 'low' });
    const [first, second, ...others] = packageFindings(zlib, [update, single]);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ id: 'CVE-2026-1111', severity: 'low', aliases: ['DEBIAN-CVE-2026-1111', 'DSA-2'] });
    expect(first?.evidence).toMatchObject({ severities: { DEBIAN: 'low', DSA: 'high' } });
    expect(second).toMatchObject({ id: 'CVE-2026-2222', severity: 'high', aliases: ['DSA-2'] });
  });

  it('join a record without a CVE to one that has it', () => {
    const ghsa = 'GHSA-aaaa-bbbb-cccc';
    const known = hit(ghsa, { aliases: ['CVE-2026-1111', 'PYSEC-1'] });
    const other = hit('PYSEC-1', { vulnerabilityId: ghsa, aliases: [ghsa] }, { vulnerabilityIds: [ghsa] });
    expect(packageFindings(zlib, [other, known])).toMatchObject([{ id: 'CVE-2026-1111', aliases: [ghsa, 'PYSEC-1'] }]);
    const third = hit('GO-1', { vulnerabilityId: 'GO-1', aliases: [ghsa] }, { vulnerabilityIds: ['GO-1'] });
    expect(packageFindings(zlib, [third, other])).toMatchObject([{ id: ghsa, aliases: ['GO-1', 'PYSEC-1'] }]);
  });

  it('use the severity of the source that rates the package, else of any other', () => {
    const silent = hit('DSA-1', { severity: 'unknown' });
    expect(packageFindings(zlib, [silent, hit('GHSA-1', { severity: 'critical' })])[0]?.severity).toBe('critical');
    const own = hit('DSA-1', { severity: 'critical' }, { severity: 'negligible' });
    expect(packageFindings(zlib, [own, hit('GHSA-1', { severity: 'critical' })])[0]?.severity).toBe('negligible');
    expect(packageFindings(zlib, [silent])[0]?.severity).toBe('unknown');
  });

  it('use the worst rating of others if no hit has one, and list them all', () => {
    const cvss = { vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 9.8 };
    const ratingsOf = (id: string) =>
      id === 'CVE-2026-1111'
        ? [
            { advisoryId: 'UBUNTU-CVE-2026-1111', severity: 'low' as const, cvss: null },
            { advisoryId: 'GHSA-1', severity: 'critical' as const, cvss },
          ]
        : [];
    const silent = hit('DSA-1', { severity: 'unknown' });
    expect(packageFindings(zlib, [silent], ratingsOf)).toMatchObject([
      { severity: 'critical', cvss, aliases: ['DSA-1'], evidence: { severities: { UBUNTU: 'low', GHSA: 'critical' } } },
    ]);
    const own = hit('DSA-1', { severity: 'medium' });
    expect(packageFindings(zlib, [own], ratingsOf)).toMatchObject([
      { severity: 'medium', evidence: { severities: { DSA: 'medium', GHSA: 'critical' } } },
    ]);
  });

  it('are malware if a record states it, and no vulnerability without one', () => {
    const malicious = { vulnerabilityId: 'MAL-2026-1', aliases: [], severity: 'unknown' as const };
    const vulnerabilityIds = ['MAL-2026-1'];
    expect(packageFindings(zlib, [hit('MAL-2026-1', malicious, { vulnerabilityIds })])).toMatchObject([
      { kind: 'malware', severity: 'critical' },
    ]);
    expect(packageFindings(zlib, [hit('MAL-2026-1', malicious, { vulnerabilityIds, state: 'unknown' })])).toMatchObject(
      [{ kind: 'malware', severity: 'unknown' }],
    );
    const notice = hit(
      'RUSTSEC-1',
      { severity: 'unknown', aliases: [] },
      { vulnerabilityIds: ['RUSTSEC-1'], evidence: { ...evidence, informational: 'unmaintained' } },
    );
    expect(packageFindings(zlib, [notice])).toMatchObject([{ kind: 'supply-chain', severity: 'low' }]);
    const unsound = hit('RUSTSEC-2', { severity: 'unknown' }, { evidence: { ...evidence, informational: 'unsound' } });
    expect(packageFindings(zlib, [unsound])).toMatchObject([{ kind: 'vulnerability', severity: 'low' }]);
  });

  it('are negligible if the vulnerability is mitigated', () => {
    const mitigated = hit('GHSA-1', { severity: 'critical' }, { evidence: { ...evidence, mitigation: 'removed' } });
    expect(packageFindings(zlib, [mitigated])).toMatchObject([
      { severity: 'negligible', evidence: { mitigation: 'removed' } },
    ]);
  });

  it('do not list an advisory that hits as disagreeing', () => {
    const one = hit('GHSA-1', {}, { evidence: { ...evidence, disagreeing: ['PYSEC-1', 'DSA-1'] } });
    expect(packageFindings(zlib, [one, hit('DSA-1')])[0]?.evidence).toMatchObject({ disagreeing: ['PYSEC-1'] });
  });

  it('have the publication date, if known', () => {
    const published = '2026-01-02T00:00:00Z';
    expect(packageFindings(zlib, [hit('DSA-2', { published })])).toMatchObject([{ evidence: { published } }]);
    expect(packageFindings(zlib, [hit('DSA-2')])[0]!.evidence).not.toHaveProperty('published');
  });
});
