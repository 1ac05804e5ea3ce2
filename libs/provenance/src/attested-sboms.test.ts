import { MalformedFile } from '@tidewaiter/domain';

import { attestedSbomFindings } from './attested-sboms.js';
import { sbomFindingFingerprint } from './sbom-finding.js';
import type { AttestedSbom } from './verify-image.js';

const artifact = `sha256:${'a'.repeat(64)}` as const;
const installed = 'pkg:npm/a@1';

function attested(name: string, document: unknown): AttestedSbom {
  return { signer: { name, keyFingerprint: null, identity: null, issuer: null }, artifact, document };
}

function compare(document: unknown) {
  if (!Array.isArray(document)) throw new MalformedFile('no SBOM');
  const purls = document.map(String);
  return {
    unlisted: [installed].filter((purl) => !purls.includes(purl)),
    absent: purls.filter((purl) => purl !== installed),
  };
}

describe('attestedSbomFindings', () => {
  it('reports one finding for each signer whose SBOM differs', () => {
    const sboms = [
      attested('ci', [installed]),
      attested('release', ['pkg:npm/a@2']),
      attested('release', ['pkg:npm/a@2']),
    ];
    const { findings, warnings } = attestedSbomFindings('shop/app', sboms, compare);
    expect(findings).toMatchObject([
      {
        id: 'sbom-differs',
        fingerprint: sbomFindingFingerprint('shop/app', 'release'),
        evidence: { author: 'release', document: artifact, unlisted: [installed], absent: ['pkg:npm/a@2'] },
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it('warns about a document that is no SBOM', () => {
    const { findings, warnings } = attestedSbomFindings('shop/app', [attested('ci', { statements: [] })], compare);
    expect(findings).toEqual([]);
    expect(warnings).toMatchObject([{ code: 'PROVENANCE_UNREADABLE', message: expect.stringContaining('ci') }]);
  });
});
