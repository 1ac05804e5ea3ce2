import type { ImagePackage } from '@tidewaiter/domain';

import { evaluateInventory } from './index.js';
import type { AdvisoryCandidate, AdvisoryKey } from './index.js';

const os = { id: 'debian', versionId: '12', name: 'Debian 12', idLike: [] };

const packageOf = (parts: Partial<ImagePackage>): ImagePackage => ({
  type: 'deb',
  name: 'zlib1g',
  version: '1.2-1',
  source: { name: 'zlib', version: '1.2-1' },
  licenses: [],
  foundIn: 'var/lib/dpkg/status',
  purl: `pkg:deb/debian/zlib1g@1.2-1`,
  layer: 0,
  state: 'present',
  ...parts,
});

const candidate = (ecosystem: string, release: string | null, name: string): AdvisoryCandidate => ({
  ecosystem,
  release,
  name,
  ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }],
  versions: [],
  severity: null,
  unfixed: 'not-fixed',
  isIncomplete: false,
  advisory: {
    id: `${ecosystem}-1`,
    vulnerabilityId: `CVE-2026-1111`,
    aliases: [],
    severity: 'unknown',
    cvss: null,
    title: name,
    published: null,
  },
});

const packages = [
  packageOf({}),
  packageOf({ type: 'npm', name: '@acme/Zlib', version: '1.2.0', source: { name: '@acme/Zlib', version: '1.2.0' } }),
  packageOf({ type: 'generic', name: 'frobnicate' }),
];

describe('evaluateInventory', () => {
  it('looks each package up and uses only entries about it', () => {
    const asked: AdvisoryKey[] = [];
    // A lookup may return more than its key names.
    const all = [
      candidate('Debian', '12', 'zlib'),
      candidate('Debian', '11', 'zlib'),
      candidate('npm', null, '@acme/Zlib'),
    ];
    const findings = evaluateInventory(packages, os, (key) => {
      asked.push(key);
      return all;
    });
    expect(asked).toEqual([
      { ecosystem: 'Debian', release: '12', names: ['zlib'] },
      { ecosystem: 'npm', release: null, names: ['@acme/Zlib'] },
    ]);
    expect(findings).toMatchObject([
      { packageName: 'zlib1g', evidence: { source: 'Debian:12', comparedName: 'zlib' } },
      { packageName: '@acme/Zlib', evidence: { source: 'npm' } },
    ]);
  });

  it('uses ratings from any advisory', () => {
    const ratingsOf = (id: string) =>
      id === 'CVE-2026-1111' ? [{ advisoryId: 'GHSA-1', severity: 'high' as const, cvss: null }] : [];
    const [finding] = evaluateInventory(packages, os, () => [candidate('Debian', '12', 'zlib')], ratingsOf);
    expect(finding).toMatchObject({ severity: 'high', evidence: { severities: { GHSA: 'high' } } });
  });
});
