import { type ImagePackage, MalformedFile } from '@tidewaiter/domain';

import { commonSbomDifferences } from './common-sbom-differences.js';
import { recordOfPurl } from './purl-record.js';

type Place = readonly [foundIn: string, ...purls: string[]];

const installed = (...places: Place[]): ImagePackage[] =>
  places.flatMap(([foundIn, ...purls]) =>
    purls.map((purl) => ({ ...recordOfPurl(purl, foundIn)!, purl, layer: 0, state: 'present' as const })),
  );

/** Packages as Syft writes them for BuildKit: purl, CPEs, and the scanned folder itself. */
const spdx = (...purls: string[]) => ({
  spdxVersion: 'SPDX-2.3',
  name: 'sbom',
  documentNamespace: 'https://anchore.com/syft/dir/sbom-250326c0-1ac9-45df-b956-7034af7e03f0',
  creationInfo: { creators: ['Organization: Anchore, Inc', 'Tool: syft-v1.18.1', 'Tool: buildkit-v0.20.2'] },
  packages: [
    { name: 'sbom', SPDXID: 'SPDXRef-DocumentRoot-Directory-sbom', primaryPackagePurpose: 'FILE' },
    ...purls.map((purl) => ({
      name: purl.slice(purl.lastIndexOf('/') + 1, purl.lastIndexOf('@')),
      externalRefs: [
        {
          referenceCategory: 'SECURITY',
          referenceType: 'cpe23Type',
          referenceLocator: 'cpe:2.3:a:x:x:1:*:*:*:*:*:*:*',
        },
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl },
      ],
    })),
  ],
  files: [{ fileName: '/etc/passwd', SPDXID: 'SPDXRef-File-etc-passwd' }],
});

/** Packages as Trivy writes them: properties, a component for the operating system. */
const cyclonedx = (...purls: string[]) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { tools: { components: [{ name: 'trivy', version: '0.58.0' }] }, component: { type: 'container' } },
  components: [
    { type: 'operating-system', name: 'debian', version: '12.5' },
    ...purls.map((purl) => ({
      'bom-ref': purl,
      type: 'library',
      name: purl.slice(purl.lastIndexOf('/') + 1, purl.lastIndexOf('@')),
      purl,
      properties: [{ name: 'aquasecurity:trivy:PkgType', value: 'debian' }],
    })),
  ],
});

const dpkg = 'var/lib/dpkg/status';
const python = (name: string, folder = 'usr/local/lib/python3.12/site-packages') =>
  `${folder}/${name}-1.0.dist-info/METADATA`;
const nine = (type: string) => Array.from({ length: 9 }, (_, index) => `pkg:${type}/known${index}@1.0`);
const debian = [
  dpkg,
  'pkg:deb/debian/adduser@3.134?arch=all&distro=debian-12',
  'pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12',
  'pkg:deb/debian/login@1:4.13-1?arch=amd64&distro=debian-12',
] as const;
const same = { unlisted: [], absent: [] };

describe('commonSbomDifferences', () => {
  it.each([
    ['Syft', spdx, 'pkg:deb/debian/login@1%3A4.13-1?arch=amd64&distro=debian-12&upstream=shadow'],
    ['Trivy', cyclonedx, 'pkg:deb/debian/login@4.13-1?arch=amd64&distro=debian-12.5&epoch=1'],
    ['Docker Scout', spdx, 'pkg:deb/debian/login@1:4.13-1?os_distro=bookworm&os_name=debian&os_version=12'],
  ])('finds no difference in packages as %s writes them', (_, write, login) => {
    const sbom = write('pkg:deb/debian/adduser@3.134?arch=all', 'pkg:deb/debian/libc6@2.36-9?arch=amd64', login);
    expect(commonSbomDifferences(sbom, installed(debian))).toEqual({ ...same, agreed: 3 });
  });

  it('finds no difference in an SBOM that names the sources of packages, as of official images', () => {
    const image = installed([
      dpkg,
      'pkg:deb/debian/libc6@2.36-9?upstream=glibc',
      'pkg:deb/debian/login@1:4.13-1?upstream=shadow',
      'pkg:deb/debian/wget@1.21-1%2Bb2?upstream=wget%401.21-1',
      'pkg:deb/debian/libgcc-s1@12.2-1?upstream=gcc-12%4012.2-1',
    ]);
    const sources = ['glibc@2.36-9', 'shadow@4.13-1', 'wget@1.21-1%2Bb2', 'gcc-12@12.2-1'];
    const sbom = spdx(...sources.map((name) => `pkg:deb/debian/${name}?os_distro=bookworm&os_name=debian`));
    expect(commonSbomDifferences(sbom, image)).toEqual({ ...same, agreed: 4 });
    const added = installed([dpkg, 'pkg:deb/debian/evil@1']);
    expect(commonSbomDifferences(sbom, [...image, ...added])).toEqual({
      unlisted: ['pkg:deb/debian/evil@1'],
      absent: [],
      agreed: 4,
    });
  });

  it('names a package that was added or replaced after the SBOM was written', () => {
    const sbom = spdx('pkg:deb/debian/libc6@2.36-8?arch=amd64', 'pkg:deb/debian/login@1:4.13-1');
    expect(commonSbomDifferences(sbom, installed(debian))).toEqual({
      unlisted: ['pkg:deb/debian/adduser@3.134', 'pkg:deb/debian/libc6@2.36-9'],
      absent: ['pkg:deb/debian/libc6@2.36-8'],
      agreed: 1,
    });
  });

  it.each([
    ['npm', (name: string) => `app/node_modules/${name}/package.json`],
    ['pypi', (name: string) => python(name)],
    ['gem', (name: string) => `usr/local/bundle/specifications/${name}-1.0.gemspec`],
    ['golang', () => 'app/server'],
  ])('names a library of type %s that was added to the others', (type, path) => {
    const image = installed(
      ...[...nine(type), `pkg:${type}/added@1.0`].map((purl) => [path(purl.split(/[/@]/)[1]!), purl] as const),
    );
    expect(commonSbomDifferences(spdx(...nine(type)), image)).toMatchObject({ unlisted: [`pkg:${type}/added@1.0`] });
  });

  it.each<[string, object, Place[]]>([
    [
      'names more than the image, as of lock files and stages',
      spdx(...debian.slice(1), 'pkg:deb/debian/gcc@12'),
      [debian],
    ],
    ['is of an application alone', spdx('pkg:npm/a@1'), [debian]],
    ['names a few packages of the system', spdx('pkg:deb/debian/libc6@2.36-8'), [debian]],
    ['is of another system', spdx('pkg:apk/alpine/musl@1.2'), [debian]],
    ['has CPEs and names alone', { spdxVersion: 'SPDX-2.3', packages: [{ name: 'libc6' }] }, [debian]],
    ['has files alone', { spdxVersion: 'SPDX-2.3', packages: [], files: [{ fileName: '/a' }] }, [debian]],
    ['is empty', cyclonedx(), [debian]],
    ['names one package without a version', cyclonedxNaming('adduser'), [debian]],
    [
      'leaves keys and groups of packages out',
      spdx('pkg:apk/alpine/musl@1.2-r0'),
      [['lib/apk/db/installed', 'pkg:apk/alpine/musl@1.2-r0', 'pkg:apk/alpine/.build-deps@20261130.1']],
    ],
    [
      'leaves out what other tools do not look for',
      spdx(...nine('pypi')),
      [
        ...nine('pypi').map((purl) => [python(purl), purl] as const),
        ['usr/local/lib/python3.12/site-packages/pip/_vendor/vendor.txt', 'pkg:pypi/urllib3@1.26'],
        ['app/tool.pyz', 'pkg:pypi/zipped@1'],
      ],
    ],
    [
      'comes from a lock file, without copies that a package brings with it',
      spdx(...nine('npm')),
      [
        ...nine('npm').map((purl) => [`app/node_modules/${purl.slice(8, -4)}/package.json`, purl] as const),
        ['app/node_modules/known0/dist/node_modules/copy/package.json', 'pkg:npm/copy@1'],
      ],
    ],
    [
      'leaves out what an SBOM inside of the image names',
      spdx(...debian.slice(1)),
      [debian, ['usr/share/sbom/sbom.json', 'pkg:deb/debian/builder@1']],
    ],
    [
      'leaves out libraries of the distribution',
      spdx(...debian.slice(1), ...nine('pypi')),
      [
        debian,
        ...nine('pypi').map((purl) => [python(purl), purl] as const),
        [python('apt', 'usr/lib/python3/dist-packages'), 'pkg:pypi/python-apt@2.6'],
      ],
    ],
    [
      'comes from the lock file of one of two applications',
      spdx(...nine('npm')),
      [
        ...nine('npm').map((purl) => [`app/node_modules/${purl.slice(8, -4)}/package.json`, purl] as const),
        ['usr/local/lib/node_modules/npm/package.json', 'pkg:npm/npm@10'],
        ['usr/local/lib/node_modules/npm/node_modules/semver/package.json', 'pkg:npm/semver@7'],
      ],
    ],
    [
      'names Go modules without main module and standard library',
      spdx(...nine('golang').map((purl) => purl.replace('@', '@v'))),
      [['app/server', ...nine('golang'), 'pkg:golang/stdlib@1.24.3', 'pkg:golang/example.com/main@%28devel%29']],
    ],
    [
      'names another version of a library',
      spdx(...nine('npm').map((purl) => purl.replace('1.0', '2.0'))),
      [...nine('npm').map((purl) => [`app/node_modules/${purl.slice(8, -4)}/package.json`, purl] as const)],
    ],
  ])('finds no difference in an SBOM that %s', (_, sbom, places) => {
    expect(commonSbomDifferences(sbom, installed(...places))).toMatchObject(same);
  });

  it('counts neither shadowed nor declared packages', () => {
    const [gone, declared] = installed([dpkg, 'pkg:deb/debian/a@1', 'pkg:deb/debian/b@1']);
    const image = [
      ...installed(debian),
      { ...gone!, state: 'shadowed' as const },
      { ...declared!, isDeclared: true as const },
    ];
    expect(commonSbomDifferences(spdx(...debian.slice(1)), image)).toMatchObject(same);
  });

  it.each([null, [], {}, { bomFormat: 'CSAF' }, 'text'])('refuses %j', (document) => {
    expect(() => commonSbomDifferences(document, [])).toThrow(MalformedFile);
  });
});

function cyclonedxNaming(name: string): object {
  const sbom = cyclonedx(...debian.slice(2));
  return { ...sbom, components: [...sbom.components, { name, purl: `pkg:deb/debian/${name}` }] };
}
