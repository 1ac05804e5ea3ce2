import { createHash, generateKeyPairSync } from 'node:crypto';

import type { Finding } from '@tidewaiter/domain';
import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, fileFindings } from './index.js';

const secretKey = Buffer.alloc(32, 1);
const npmrc = (token: string): TarEntry => ({
  path: 'usr/lib/tool/.npmrc',
  content: `//npm.example.com/:_authToken=${token}-1111-4222-8333-444455556666\n`,
});
const shipped = npmrc('0a1b2c3d');
const md5 = (entry: TarEntry) => createHash('md5').update(entry.content!).digest('hex');

const status = (fields = ''): TarEntry => ({
  path: 'var/lib/dpkg/status',
  content: `Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n${fields}`,
});
const conffile = (digest: string) => `Conffiles:\n /${shipped.path} ${digest}\n`;
const sums = (entry: TarEntry): TarEntry => ({
  path: 'var/lib/dpkg/info/tool.md5sums',
  content: `${md5(entry)}  ${entry.path}\n`,
});
const md5sums = sums(shipped);
const otherSums = sums({ path: 'usr/bin/tool', content: 'x' });
const listed: TarEntry = { path: 'var/lib/dpkg/info/tool.list', content: `/${shipped.path}\n` };
const wheel: TarEntry = {
  path: 'usr/lib/python3/dist-packages/tool-1.dist-info/RECORD',
  content: `../../tool/.npmrc,,\n`,
};

async function findingsOf(...tars: TarEntry[][]): Promise<Finding[]> {
  const read = tars.map((entries) => {
    async function* blob(): AsyncGenerator<Uint8Array> {
      yield tarArchive(entries);
    }
    return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar', secretKey });
  });
  const layers = await Promise.all(read);
  return fileFindings(layers, overlay(layers.map(({ entries }) => entries)), { secretKey });
}

async function reported(...tars: TarEntry[][]): Promise<string[]> {
  const findings = await findingsOf(...tars);
  return findings.map(({ severity, layer, state }) => `${severity} ${layer} ${state}`);
}

describe('secretsInFiles', () => {
  it.each<[string, TarEntry[][], string[]]>([
    ['no package owns', [[shipped]], ['high 0 present']],
    ['a package of the distribution brought', [[shipped, status(), md5sums]], ['negligible 0 present']],
    ['was changed after its package installed it', [[npmrc('ffffffff'), status(), md5sums]], ['high 0 present']],
    ['was filled in', [[npmrc('ffffffff'), status(conffile(md5(shipped)))]], ['high 0 present']],
    ['a package ships as configuration', [[shipped, status(conffile(md5(shipped)))]], ['negligible 0 present']],
    ['is configuration of unknown content', [[shipped, status(conffile('newconffile'))]], ['high 0 present']],
    ['its package lists without a digest', [[shipped, status(), listed, otherSums]], ['high 0 present']],
    ['a package without digests lists', [[shipped, status(), listed]], ['negligible 0 present']],
    [
      'an upgrade of its package replaced',
      [
        [shipped, status(), md5sums],
        [npmrc('ffffffff'), status(), sums(npmrc('ffffffff'))],
      ],
      ['negligible 1 present'],
    ],
    ['a package of a third party brought', [[shipped, status('Vendor: Acme\n'), md5sums]], ['high 0 present']],
    ['a package of a language brought', [[shipped, wheel]], ['high 0 present']],
    ['was removed', [[shipped], [{ path: 'usr/lib/tool/.wh..npmrc' }]], ['high 0 shadowed']],
    ['was copied up', [[shipped], [shipped]], ['high 0 present']],
  ])('reports a secret in a file that %s', async (_, layers, expected) => {
    expect(await reported(...layers)).toEqual(expected);
  });

  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const keyAt = (path: string): TarEntry => ({ path, content: pem, mtime: 1_750_000_000 });
  const publicAt = (path: string): TarEntry => ({
    ...{ path, mtime: 1_750_000_000 },
    content: String(publicKey.export({ format: 'pem', type: 'spki' })),
  });
  const snakeOil = keyAt('etc/ssl/private/ssl-cert-snakeoil.key');
  const packaged = keyAt('app/node_modules/tool/test/server.key');
  const packages = ['tool', 'other'].flatMap((name): TarEntry[] => [
    { path: `app/node_modules/${name}/package.json`, content: JSON.stringify({ name, version: '1.0.0' }) },
    { path: `app/node_modules/${name}/index.js`, content: 'x' },
  ]);

  it.each<[string, TarEntry[], string[]]>([
    ['is where a package makes one at installation', [snakeOil], ['low 0 present']],
    [
      'a package makes at installation, with its certificate',
      [snakeOil, publicAt('etc/ssl/certs/ssl-cert-snakeoil.pem')],
      ['negligible 0 present'],
    ],
    [
      'a package makes at installation, whose certificate a server has',
      [snakeOil, publicAt('etc/ssl/certs/ssl-cert-snakeoil.pem'), publicAt('srv/web/tls.crt')],
      ['critical 0 present'],
    ],
    ['is an example of a package by its path', [keyAt('usr/share/doc/tool/examples/server.key')], ['low 0 present']],
    [
      'looks like an example of a package that does not own it',
      [keyAt('usr/share/doc/tool/examples/server.key'), status(), md5sums],
      ['medium 0 present'],
    ],
    [
      'looks like a test of a Python package that does not own it',
      [keyAt('usr/lib/python3/dist-packages/tool/tests/server.key'), status(), md5sums],
      ['medium 0 present'],
    ],
    [
      'looks like a test of a Python package of the distribution',
      [
        keyAt('usr/lib/python3/dist-packages/tool/tests/server.key'),
        { path: 'usr/lib/python3/dist-packages/tool-1.egg-info/PKG-INFO', content: 'Name: tool\nVersion: 1\n' },
        ...[status(), md5sums],
      ],
      ['medium 0 present'],
    ],
    ['is in another folder', [keyAt('srv/etc/ssl/private/ssl-cert-snakeoil.key')], ['critical 0 present']],
    ['a package publishes', [packaged, ...packages], ['low 0 present']],
    [
      'packages publish with its certificate',
      [packaged, publicAt('app/node_modules/other/test/server.crt'), ...packages],
      ['low 0 present'],
    ],
    [
      'a package publishes and an account accepts',
      [packaged, publicAt('root/.ssh/authorized_keys'), ...packages],
      ['critical 0 present'],
    ],
  ])('reports a private key that %s', async (_, layer, expected) => {
    expect(await reported(layer)).toEqual(expected);
  });

  it.each<[string, TarEntry[], object]>([
    [
      'the package database',
      [shipped, status(), md5sums],
      {
        fileOrigin: 'published: digest in the package database',
        package: 'pkg:deb/debian/tool@1?arch=amd64',
        isPublic: true,
      },
    ],
    [
      'another digest in the package database',
      [npmrc('ffffffff'), status(), md5sums],
      {
        fileOrigin: 'changed: other digest than in the package database',
        package: 'pkg:deb/debian/tool@1?arch=amd64',
        isPublic: false,
      },
    ],
    [
      'nothing but the path',
      [keyAt('usr/share/doc/tool/examples/server.key')],
      { fileOrigin: 'unknown: path of an example in a package' },
    ],
    [
      'a complete database that does not list the file',
      [keyAt('usr/share/doc/tool/examples/server.key'), status(), md5sums],
      { fileOrigin: 'unknown: no package owns it' },
    ],
  ])('gives %s as the reason for the severity', async (_, layer, evidence) => {
    expect((await findingsOf(layer)).map((finding) => finding.evidence)).toEqual([expect.objectContaining(evidence)]);
  });
});
