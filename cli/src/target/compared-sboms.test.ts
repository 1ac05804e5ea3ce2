import type { ImagePackage } from '@tidewaiter/domain';

import { comparedSboms } from './provenance.js';

const artifact = `sha256:${'a'.repeat(64)}`;
const attested = (name: string, document: unknown) => {
  return { signer: { name, keyFingerprint: null, identity: null, issuer: null }, artifact, document };
};
const components = (...purls: string[]) => ({ bomFormat: 'CycloneDX', components: purls.map((purl) => ({ purl })) });
const installed: ImagePackage = {
  ...{ type: 'npm', name: 'a', version: '1', source: { name: 'a', version: '1' }, licenses: [], foundIn: 'x' },
  ...{ purl: 'pkg:npm/a@1', layer: 0, state: 'present' },
};

describe('comparedSboms', () => {
  it('reports one finding for each signer whose SBOM differs', () => {
    const sboms = [
      attested('ci', components('pkg:npm/a@1')),
      attested('release', components('pkg:npm/a@2')),
      attested('release', components('pkg:npm/a@2')),
    ];
    const { findings, warnings } = comparedSboms('shop/app', sboms, [installed]);
    expect(findings).toMatchObject([
      { id: 'sbom-differs', evidence: { author: 'release', unlisted: ['pkg:npm/a@1'], absent: ['pkg:npm/a@2'] } },
    ]);
    expect(warnings).toEqual([]);
  });

  it('warns about a document that is no SBOM', () => {
    const { findings, warnings } = comparedSboms('shop/app', [attested('ci', { statements: [] })], [installed]);
    expect(findings).toEqual([]);
    expect(warnings).toMatchObject([{ code: 'PROVENANCE_UNREADABLE' }]);
  });
});
