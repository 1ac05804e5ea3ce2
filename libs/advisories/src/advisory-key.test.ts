import type { PackageRecord } from '@tidewaiter/domain';

import { advisoryKeyOf } from './advisory-key.js';

const os = (id: string, versionId: string, idLike: string[] = []) => ({ id, versionId, name: id, idLike });
const debian = os('debian', '12');

const libssl: PackageRecord = {
  type: 'deb',
  name: 'libssl3',
  version: '3.0.11-1~deb12u2',
  source: { name: 'openssl', version: '3.0.11-1~deb12u2' },
  licenses: [],
  foundIn: 'var/lib/dpkg/status',
};

describe('advisoryKeyOf', () => {
  it.each<[string, string, string[]]>([
    ['debian', '12', ['openssl']],
    ['ubuntu', '22.04', ['openssl']],
  ])('looks %s up by the source package', (id, versionId, names) => {
    expect(advisoryKeyOf(libssl, os(id, versionId))?.names).toEqual(names);
  });

  it.each<[string, string, string[]]>([
    ['almalinux', '9', ['libssl3']],
    ['rhel', '9.4', ['libssl3', 'openssl']],
    ['rocky', '9.4', ['libssl3', 'openssl']],
    ['sles', '15.5', ['libssl3', 'openssl']],
  ])('looks %s up by the names that it uses', (id, versionId, names) => {
    expect(advisoryKeyOf({ ...libssl, type: 'rpm' }, os(id, versionId))?.names).toEqual(names);
  });

  it.each<[PackageRecord['type'], string]>([
    ['deb', 'rootio-libssl3'],
    ['pypi', 'rootio-django'],
    ['npm', '@rootio/lodash'],
    ['npm', '@rootio/babel__helpers'],
  ])('looks up nothing for a package that Root patched: %s %s', (type, name) => {
    expect(advisoryKeyOf({ ...libssl, type, name }, debian)).toBeNull();
  });

  it.each(['@rootio-x/lodash', 'rootio', 'x-rootio-y'])('looks up %s, which is not of Root', (name) => {
    expect(advisoryKeyOf({ ...libssl, type: 'npm', name }, debian)).toMatchObject({ names: [name] });
  });

  describe('of a Docker Hardened Image', () => {
    const dhi = (versionId: string, family: string) => os('dhi', versionId, [family]);
    const ofBase = { qualifiers: { repository_id: 'dhi' } };
    const apk = { ...libssl, type: 'apk' as const };

    it.each<[string, PackageRecord, ReturnType<typeof os>, string, string]>([
      ['a package of its base', { ...libssl, ...ofBase }, dhi('13', 'debian'), 'Docker Hardened Images:Debian', '13'],
      ['a point release', { ...libssl, ...ofBase }, dhi('13.2', 'debian'), 'Docker Hardened Images:Debian', '13'],
      ['a package of apk', { ...apk, ...ofBase }, dhi('3.24', 'alpine'), 'Docker Hardened Images:Alpine', '3.24'],
      [
        'a package that Docker signs',
        { ...libssl, ...ofBase, isThirdParty: true },
        dhi('13', 'debian'),
        'Docker Hardened Images:Debian',
        '13',
      ],
      ['an added package', libssl, dhi('13', 'debian'), 'Debian', '13'],
      ['an added package of apk', apk, dhi('3.24', 'alpine'), 'Alpine', 'v3.24'],
      ['the mark in another image', { ...libssl, ...ofBase }, debian, 'Debian', '12'],
    ])('looks up %s', (_what, pkg, release, ecosystem, version) => {
      expect(advisoryKeyOf(pkg, release)).toMatchObject({ ecosystem, release: version });
    });

    it('looks up nothing in one of an unknown family', () => {
      expect(advisoryKeyOf({ ...libssl, ...ofBase }, dhi('1', 'wolfi'))).toBeNull();
    });
  });

  it('needs no advisories for kernel headers', () => {
    const headers = { ...libssl, name: 'linux-libc-dev', source: { name: 'linux', version: '6.1.4-1' } };
    expect(advisoryKeyOf(headers, debian)?.names).toEqual([]);
    expect(advisoryKeyOf({ ...headers, name: 'linux-image-amd64' }, debian)?.names).toEqual(['linux']);
  });

  it.each<[PackageRecord['type'], string, string, string]>([
    ['npm', '@babel/core', 'npm', '@babel/core'],
    ['pypi', 'Ruamel.Yaml', 'PyPI', 'ruamel-yaml'],
    ['golang', 'stdlib', 'Go', 'stdlib'],
    ['golang', 'github.com/gorilla/mux/v2', 'Go', 'github.com/gorilla/mux/v2'],
    ['maven', 'org.slf4j:slf4j-api', 'Maven', 'org.slf4j:slf4j-api'],
    ['nuget', 'Newtonsoft.Json', 'NuGet', 'newtonsoft.json'],
    ['composer', 'Drupal/Token', 'Packagist', 'drupal/token'],
    ['swift', 'github.com/Apple/swift-nio', 'SwiftURL', 'github.com/apple/swift-nio'],
    ['githubactions', 'TJ-actions/changed-files', 'GitHub Actions', 'tj-actions/changed-files'],
  ])('looks up %s %s in %s, on any distribution or none', (type, name, ecosystem, asked) => {
    const pkg = { ...libssl, type, name };
    expect(advisoryKeyOf(pkg, debian)).toEqual({ ecosystem, release: null, names: [asked] });
    expect(advisoryKeyOf(pkg, null)).toEqual({ ecosystem, release: null, names: [asked] });
  });

  it.each<[string, PackageRecord, ReturnType<typeof os> | null]>([
    ['of another kind of distribution', libssl, os('alpine', '3.20.1')],
    ['of no distribution that we know', libssl, null],
    ['that a vendor built for a distribution', { ...libssl, isThirdParty: true }, debian],
    ['of a kind without advisories', { ...libssl, type: 'luarocks' }, debian],
    ['that is no known program', { ...libssl, type: 'generic' }, debian],
  ])('returns null for a package %s', (_, pkg, release) => {
    expect(advisoryKeyOf(pkg, release)).toBeNull();
  });
});
