import { createHash, generateKeyPairSync } from 'node:crypto';

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
const conffiles = `Conffiles:\n /${shipped.path} ${'0'.repeat(32)}\n`;
const md5sums: TarEntry = { path: 'var/lib/dpkg/info/tool.md5sums', content: `${md5(shipped)}  ${shipped.path}\n` };
const wheel: TarEntry = {
  path: 'usr/lib/python3/dist-packages/tool-1.dist-info/RECORD',
  content: `../../tool/.npmrc,,\n`,
};

async function reported(...tars: TarEntry[][]): Promise<string[]> {
  const read = tars.map((entries) => {
    async function* blob(): AsyncGenerator<Uint8Array> {
      yield tarArchive(entries);
    }
    return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar', secretKey });
  });
  const layers = await Promise.all(read);
  const findings = fileFindings(layers, overlay(layers.map(({ entries }) => entries)), { secretKey });
  return findings.map(({ severity, layer, state }) => `${severity} ${layer} ${state}`);
}

describe('secretsInFiles', () => {
  it.each<[string, TarEntry[][], string[]]>([
    ['no package owns', [[shipped]], ['high 0 present']],
    ['a package of the distribution brought', [[shipped, status(), md5sums]], ['negligible 0 present']],
    ['was changed after its package installed it', [[npmrc('ffffffff'), status(), md5sums]], ['high 0 present']],
    ['is there to be filled in', [[shipped, status(conffiles), md5sums]], ['high 0 present']],
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
    ['a package makes at installation', [snakeOil], ['negligible 0 present']],
    [
      'a package makes at installation, with its certificate',
      [snakeOil, publicAt('etc/ssl/certs/ssl-cert-snakeoil.pem')],
      ['negligible 0 present'],
    ],
    [
      'a package makes at installation, whose certificate a server has',
      [snakeOil, publicAt('srv/web/tls.crt')],
      ['critical 0 present'],
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
});
