import { sbomFinding } from './sbom-finding.js';

const digest = `sha256:${'a'.repeat(64)}`;
const of = (unlisted: string[], absent: string[]) => sbomFinding('shop/app', 'ci', digest, { unlisted, absent });

describe('sbomFinding', () => {
  it('reports nothing about an SBOM without differences', () => {
    expect(of([], [])).toEqual([]);
  });

  it.each([
    [['pkg:npm/a@1'], [], 'SBOM of ci lacks 1 package of the image'],
    [[], ['pkg:npm/a@1', 'pkg:npm/b@1'], 'SBOM of ci names 2 packages that the image does not have'],
    [
      ['pkg:npm/a@1'],
      ['pkg:npm/a@2'],
      'SBOM of ci lacks 1 package of the image and names 1 package that the image does not have',
    ],
  ])('names both sides of %j and %j', (unlisted, absent, title) => {
    expect(of(unlisted, absent)).toMatchObject([
      { kind: 'supply-chain', id: 'sbom-differs', severity: 'low', title, evidence: { unlisted, absent } },
    ]);
  });

  it('names a bounded number of packages and counts all', () => {
    const [finding] = of(
      Array.from({ length: 1_000 }, (_, index) => `pkg:npm/a@${index}`),
      [],
    );
    expect(finding?.evidence).toMatchObject({ unlistedCount: 1_000 });
    expect(finding?.evidence['unlisted']).toHaveLength(50);
  });

  it('has one fingerprint for each author and repository', () => {
    expect(of(['pkg:npm/a@1'], [])[0]?.fingerprint).toBe(of([], ['pkg:npm/b@1'])[0]?.fingerprint);
  });
});
