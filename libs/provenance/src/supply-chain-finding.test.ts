import { movedTagFinding } from './moved-tag-finding.js';

describe('supplyChainFinding', () => {
  it('gives other repositories, tags and revisions other fingerprints', () => {
    const before = { digest: `sha256:${'a'.repeat(64)}`, pushedAt: '2026-01-01T00:00:00Z' };
    const findings = ['shop/app', 'shop/web'].flatMap((repository) => [
      movedTagFinding(repository, '1.2.3', before),
      movedTagFinding(repository, '1.2.4', before),
    ]);
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(4);
  });
});
