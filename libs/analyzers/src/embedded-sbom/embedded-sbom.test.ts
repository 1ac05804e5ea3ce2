import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TidewaiterError } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { embeddedSbom } from './embedded-sbom.js';

// Written by hand like the files of Bitnami's images and CycloneDX's Maven plugin.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const bitnami = 'opt/bitnami/redis/.spdx-redis.spdx';
const read = (document: unknown) =>
  embeddedSbom.analyze({ path: 'sbom/bom.json', content: Buffer.from(JSON.stringify(document)) });

describe('embeddedSbom', () => {
  it.each([
    [bitnami, true],
    ['opt/bitnami/common/.spdx-gosu.spdx', true],
    ['opt/bitnami/.spdx-common.spdx', true],
    ['var/lib/db/sbom/glibc-2.38-r5.spdx.json', true],
    ['usr/local/share/sbom/app.cdx.json', true],
    ['usr/lib/python3/site-packages/a-1.dist-info/sboms/auditwheel.cdx.json', true],
    ['app/META-INF/sbom/application.cdx.json', true],
    ['META-INF/sbom/bom.json', true],
    ['sbom/bom.json', true],
    ['opt/bitnami/redis/spdx-redis.spdx', false],
    ['home/bitnami/.spdx-redis.spdx', false],
    ['usr/src/app/test/fixtures/a.cdx.json', false],
    ['bom.json', false],
    ['var/lib/db/sbom/index.json', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(embeddedSbom.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads an SBOM of Bitnami', () => {
    expect(embeddedSbom.analyze({ path: bitnami, content: fixture('bitnami-redis.spdx') })).toEqual({
      packages: [
        {
          type: 'bitnami',
          name: 'redis',
          version: '7.4.1-0',
          arch: 'arm64',
          source: { name: 'redis', version: '7.4.1-0' },
          licenses: ['RSALv2'],
          foundIn: bitnami,
        },
        {
          type: 'golang',
          name: 'github.com/Masterminds/semver/v3',
          version: 'v3.2.1',
          source: { name: 'github.com/Masterminds/semver/v3', version: 'v3.2.1' },
          licenses: [],
          foundIn: bitnami,
        },
      ],
      unread: '1 library has no package URL with a version, of a known kind: lua',
    });
  });

  it('reads nested components, and the subject of the SBOM', () => {
    const { packages } = embeddedSbom.analyze({
      path: 'META-INF/sbom/application.cdx.json',
      content: fixture('application.cdx.json'),
    });
    expect(packages?.map(({ name, version, licenses }) => [name, version, ...licenses]).toSorted()).toEqual([
      ['@acme/inner', '3.1.0', 'MIT OR Apache-2.0', 'Own'],
      ['org.example:shop', '1.0.0'],
      ['org.slf4j:slf4j-api', '2.0.9', 'MIT'],
    ]);
  });

  it('reads what a component was forked from, unless it is of a distribution', () => {
    const component = (purl: string | undefined, ...ancestors: object[]) => {
      return { type: 'library', name: 'zlib', purl, pedigree: { ancestors } };
    };
    const fork = component('pkg:npm/%40acme/lodash@1.0.0', component('pkg:npm/lodash@4.17.4', component(undefined)));
    const backport = component('pkg:rpm/redhat/zlib@1.2-3', component('pkg:generic/zlib@1.2'));
    const { packages, unread } = read({ bomFormat: 'CycloneDX', components: [fork, backport] });
    expect(packages?.map(({ name }) => name).toSorted()).toEqual(['@acme/lodash', 'lodash', 'zlib']);
    expect(unread).toMatch(/^1 library has no package URL/);
  });

  it.each(['', '[]', 'null', '{}', '{"bomFormat":"SPDX"}', '<bom/>', '{"spdxVersion":3}', '['.repeat(100_000)])(
    'rejects %.20j',
    (text) => {
      expect(() => embeddedSbom.analyze({ path: 'sbom/bom.json', content: Buffer.from(text) })).toThrow(
        expect.objectContaining({ code: 'MALFORMED_FILE' }),
      );
    },
  );

  it('reads components at any depth', () => {
    const depth = 5_000;
    const text = `${'{"components":['.repeat(depth)}{"purl":"pkg:npm/a@1"}${']}'.repeat(depth)}`;
    const document = `{"bomFormat":"CycloneDX","components":[${text}]}`;
    const { packages } = embeddedSbom.analyze({ path: 'sbom/bom.json', content: Buffer.from(document) });
    expect(packages).toMatchObject([{ name: 'a' }]);
  });

  it('reads SPDX 3 with the declared license before the concluded one', () => {
    const relationship = (relationshipType: string, to: string) => ({
      ...{ type: 'Relationship', relationshipType, from: 'urn:a', to: [to] },
    });
    const license = (spdxId: string, simplelicensing_licenseExpression: string) => ({
      spdxId,
      simplelicensing_licenseExpression,
    });
    const graph = [
      { type: 'software_Package', spdxId: 'urn:a', name: 'a', software_packageUrl: 'pkg:npm/a@1' },
      { type: 'software_Package', spdxId: 'urn:b', name: 'b' },
      relationship('hasDeclaredLicense', 'urn:mit'),
      relationship('hasConcludedLicense', 'urn:apache'),
      relationship('hasDeclaredLicense', 'urn:none'),
      license('urn:mit', 'MIT'),
      license('urn:apache', 'Apache-2.0'),
      license('urn:none', 'NOASSERTION'),
    ];
    const document = { '@context': ['https://spdx.org/rdf/3.0.1/spdx-context.jsonld'], '@graph': graph };
    expect(read(document).packages).toMatchObject([{ name: 'a', version: '1', licenses: ['MIT'] }]);
  });

  it('names libraries without a usable purl, in each format', () => {
    const purl = 'pkg:npm/a@1.0.0';
    const unread = (names: string) => `2 libraries have no package URL with a version, of a known kind: ${names}`;
    const spdx3 = (name: string, more: object) => ({ type: 'software_Package', spdxId: `urn:${name}`, name, ...more });
    const documents = [
      {
        bomFormat: 'CycloneDX',
        components: [
          { type: 'library', name: 'a', purl },
          { type: 'library', name: 'b' },
          { type: 'framework', name: 'c', purl: 'pkg:npm/c' },
          { type: 'application', name: 'package-lock.json' },
          { type: 'file', name: 'e', version: '1' },
        ],
      },
      {
        '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
        '@graph': [
          { type: 'SpdxDocument', rootElement: ['urn:image'] },
          spdx3('image', {}),
          spdx3('a', { software_packageUrl: purl }),
          spdx3('b', { software_packageVersion: '1.0.0' }),
          spdx3('c', { software_primaryPurpose: 'library', software_packageUrl: 'pkg:npm/c' }),
          spdx3('d', { software_primaryPurpose: 'application' }),
        ],
      },
    ];
    for (const document of documents)
      expect(read(document)).toMatchObject({ packages: [{ name: 'a' }], unread: unread('b, c') });
  });

  it('names programs with a version, and components of no type', () => {
    const components = [
      { type: 'application', name: 'openssl', version: '1.0.1e' },
      { name: 'log4j', version: '2.14.1' },
    ];
    expect(read({ bomFormat: 'CycloneDX', components }).unread).toMatch(/: log4j, openssl$/);
    const packages = [{ name: 'nginx', versionInfo: '1.0', primaryPackagePurpose: 'APPLICATION' }];
    expect(read({ spdxVersion: 'SPDX-2.3', packages }).unread).toMatch(/: nginx$/);
  });

  it('names libraries that are known by their repository alone, but no other repositories', () => {
    const purl = `pkg:github/a/zlib@${'1'.repeat(40)}`;
    const components = ['library', 'framework', 'file'].map((type) => ({ type, name: type, version: '1', purl }));
    const image = { type: 'library', name: 'image', version: '1', purl: 'pkg:oci/image@sha256:aa' };
    const source = { name: 'source', version: '1', purl };
    const unversioned = { type: 'library', name: 'unversioned', purl: 'pkg:github/a/zlib' };
    expect(read({ bomFormat: 'CycloneDX', components: [...components, image, source, unversioned] }).unread).toMatch(
      /^2 .*: framework, library$/,
    );
    const externalRefs = [{ referenceType: 'purl', referenceLocator: purl }];
    const packages = ['LIBRARY', 'SOURCE', undefined].map((primaryPackagePurpose) => ({
      name: `of ${primaryPackagePurpose}`,
      externalRefs,
      ...(primaryPackagePurpose && { primaryPackagePurpose }),
    }));
    expect(read({ spdxVersion: 'SPDX-2.3', packages }).unread).toMatch(/^1 .*: of LIBRARY$/);
  });

  it('rejects wrong types of lists, objects and texts', () => {
    expect(read({ bomFormat: 'CycloneDX', components: 'x', metadata: 3 })).toEqual({ packages: [] });
    expect(read({ bomFormat: 'CycloneDX', components: [null, 1, [], { purl: {}, licenses: [1] }] })).toEqual({
      packages: [],
    });
    const noPurl = [{ externalRefs: [null, { referenceType: 'purl' }] }];
    expect(read({ spdxVersion: 'SPDX-2.3', packages: noPurl })).toMatchObject({
      packages: [],
      unread: expect.stringMatching(/\(no name\)$/),
    });
    const spdx3 = { '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld' };
    for (const graph of [
      'x',
      [null, 1, { type: 'software_Package', software_packageUrl: {}, externalIdentifier: [1] }],
    ])
      expect(read({ ...spdx3, '@graph': graph })).toMatchObject({ packages: [] });
  });

  it('accepts any JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('components', 'packages'), (json, key) => {
        const text = `{"bomFormat":"CycloneDX","spdxVersion":"SPDX-2.3","__proto__":{"purl":1},"${key}":[${json}]}`;
        try {
          embeddedSbom.analyze({ path: 'sbom/bom.json', content: Buffer.from(text) });
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
    );
  });
});
