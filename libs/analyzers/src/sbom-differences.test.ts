import { MalformedFile, type ImagePackage } from '@tidewaiter/domain';

import { recordOfPurl } from './purl-record.js';
import { sbomDifferences } from './sbom-differences.js';

const packages = (...purls: string[]): ImagePackage[] =>
  purls.map((purl) => ({ ...recordOfPurl(purl, 'x')!, purl, layer: 0, state: 'present' }));
const sbom = (...purls: string[]) => ({ bomFormat: 'CycloneDX', components: purls.map((purl) => ({ purl })) });

describe('sbomDifferences', () => {
  it('names the packages that only one of them has', () => {
    const image = packages('pkg:npm/a@1', 'pkg:npm/b@1', 'pkg:deb/debian/c@1:2-1?arch=amd64&distro=debian-12');
    expect(sbomDifferences(sbom('pkg:npm/a@1', 'pkg:npm/b@2', 'pkg:pypi/d@1'), image)).toEqual({
      unlisted: ['pkg:deb/debian/c@1:2-1', 'pkg:npm/b@1'],
      absent: ['pkg:npm/b@2', 'pkg:pypi/d@1'],
    });
  });

  it.each([
    ['pkg:deb/debian/c@1:2-1?arch=amd64', 'pkg:deb/debian/c@2-1?arch=amd64&epoch=1&distro=debian-12'],
    ['pkg:deb/ubuntu/c@2-1', 'pkg:deb/debian/c@2-1'],
    ['pkg:rpm/redhat/c@2-1?epoch=1', 'pkg:rpm/rhel/c@2-1'],
    ['pkg:golang/github.com/A/b@v1.0.0', 'pkg:golang/github.com/a/b@1.0.0'],
    ['pkg:golang/stdlib@1.24.3', 'pkg:golang/stdlib@v1.24.3'],
    ['pkg:pypi/jaraco-text@1', 'pkg:pypi/jaraco.text@1'],
    ['pkg:npm/%40a/b@1', 'pkg:npm/@a/b@1'],
  ])('takes %s and %s for the same', (ours, theirs) => {
    expect(sbomDifferences(sbom(theirs), packages(ours))).toEqual({ unlisted: [], absent: [] });
  });

  it('counts neither programs without a package manager, nor what is shadowed or only declared', () => {
    const [gone, declared, program] = packages('pkg:npm/a@1', 'pkg:npm/b@1', 'pkg:generic/redis@7');
    const image = [{ ...gone!, state: 'shadowed' as const }, { ...declared!, isDeclared: true as const }, program!];
    expect(sbomDifferences(sbom('pkg:generic/nginx@1'), image)).toEqual({ unlisted: [], absent: [] });
  });

  it.each([null, [], {}, { bomFormat: 'CSAF' }, 'text'])('refuses %j', (document) => {
    expect(() => sbomDifferences(document, [])).toThrow(MalformedFile);
  });
});
