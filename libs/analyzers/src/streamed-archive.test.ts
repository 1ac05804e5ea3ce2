import { gzipSync, zstdCompressSync } from 'node:zlib';

import { overlay } from '@tidewaiter/oci';
import { tarArchive, zipArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, fileFindings } from './index.js';
import { archiveLimits } from './streamed-archive.js';

const secretKey = Buffer.alloc(32, 1);
const token = ['ghp', 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3'].join('_');
const settings: TarEntry = { path: 'etc/app.env', content: `first line\nTOKEN=${token}\n` };
const inside = tarArchive([{ path: 'readme', content: 'text' }, settings]);

const broken = Buffer.from(inside);
broken[1024] = 1;

async function look(...tars: TarEntry[][]) {
  const read = tars.map((entries) => {
    async function* blob(): AsyncGenerator<Uint8Array> {
      const tar = tarArchive(entries);
      for (let at = 0; at < tar.length; at += 100_000) yield Buffer.from(tar.subarray(at, at + 100_000));
    }
    return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar', secretKey });
  });
  const layers = await Promise.all(read);
  const findings = fileFindings(layers, overlay(layers.map(({ entries }) => entries)), { secretKey });
  return {
    found: findings.flatMap(({ id, path, state, locations }) =>
      (locations ?? [{ path, state }]).map((place) => `${id} ${place.path} ${place.state}`),
    ),
    warnings: layers.flatMap(({ facts }) => facts.warnings.map(({ code, path, message }) => [code, path, message])),
  };
}

describe('StreamedArchive', () => {
  it.each<[string, string, Buffer, string]>([
    ['a tar', 'backup.tar', inside, 'backup.tar!/etc/app.env'],
    ['a tar in gzip', 'root/backup.tar.gz', gzipSync(inside), 'root/backup.tar.gz!/etc/app.env'],
    ['a tar in zstd', 'root/backup.tzst', zstdCompressSync(inside), 'root/backup.tzst!/etc/app.env'],
    ['a tar without its ending', 'srv/blob', gzipSync(inside), 'srv/blob!/etc/app.env'],
    ['a file in gzip', 'var/dump.sql.gz', gzipSync(`x\ntoken: ${token}\n`), 'var/dump.sql.gz'],
    [
      'a tar in a tar in a tar',
      'a.tar',
      tarArchive([{ path: 'b.tgz', content: gzipSync(tarArchive([{ path: 'c.tar', content: inside }])) }]),
      'a.tar!/b.tgz!/c.tar!/etc/app.env',
    ],
  ])('finds the secrets in %s', async (_, path, content, expected) => {
    expect(await look([{ path, content }])).toEqual({ found: [`github-pat ${expected} present`], warnings: [] });
  });

  it('finds the secrets in a zip in a tar, whose packages are not read', async () => {
    const zip = zipArchive([{ name: '.env', content: `T=${token}\n` }]);
    expect(await look([{ path: 'a.tgz', content: gzipSync(tarArchive([{ path: 'b.zip', content: zip }])) }])).toEqual({
      found: ['github-pat a.tgz!/b.zip!/.env present'],
      warnings: [['PACKAGES_UNKNOWN', 'a.tgz', 'packages in the archive are not read: a.tgz!/b.zip']],
    });
  });

  it.each<[string, Buffer, string]>([
    ['a jar in a tar', tarArchive([{ path: './app/lib/shop.jar', content: 'PK' }]), 'opt/app.tar!/app/lib/shop.jar'],
    [
      'an image in an archive of layers',
      gzipSync(tarArchive([{ path: 'x/layer.tar', content: tarArchive([{ path: 'var/lib/dpkg/status' }]) }])),
      'opt/app.tar!/x/layer.tar!/var/lib/dpkg/status',
    ],
    [
      'packages of npm',
      zstdCompressSync(tarArchive([{ path: 'node_modules/a/package.json', content: '{}' }])),
      'opt/app.tar!/node_modules/a/package.json',
    ],
  ])('warns of %s, also without a search for secrets', async (_, content, place) => {
    const warning = ['PACKAGES_UNKNOWN', 'opt/app.tar', `packages in the archive are not read: ${place}`];
    expect(await look([{ path: 'opt/app.tar', content }])).toEqual({ found: [], warnings: [warning] });
    const tar = tarArchive([{ path: 'opt/app.tar', content }]);
    const open = async function* () {
      yield tar;
    };
    const { facts } = await analyzeLayer(open, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    expect(facts.warnings.map(({ code, path, message }) => [code, path, message])).toEqual([warning]);
  });

  it('finds a secret in an archive that arrives in many pieces among other files', async () => {
    const large = tarArchive([
      { path: 'a', content: 'line\n'.repeat(2_000_000) },
      { path: 'b', content: `${'line\n'.repeat(1_000_000)}${token}\n` },
    ]);
    const entries = [{ path: 'x', content: 'x' }, { path: 'a.tgz', content: gzipSync(large, { level: 0 }) }, settings];
    const { found, warnings } = await look(entries);
    expect([found.toSorted(), warnings]).toEqual([
      ['github-pat a.tgz!/b present', 'github-pat etc/app.env present'],
      [],
    ]);
  });

  it('finds a secret in a program and a database of an archive', async () => {
    const programs = ['\x7fELF', 'SQLite format 3\0'].map((magic, at) => ({
      path: `bin/${at}`,
      content: Buffer.from(`${magic}${'\0\xf3'.repeat(600)}${token.slice(0, -1)}${at}\0`, 'latin1'),
    }));
    const { found } = await look([{ path: 'a.tgz', content: gzipSync(tarArchive(programs)) }]);
    expect(found.toSorted()).toEqual(['github-pat a.tgz!/bin/0 present', 'github-pat a.tgz!/bin/1 present']);
  });

  it('marks a secret as shadowed when a later layer removes the archive', async () => {
    expect((await look([{ path: 'a.tar', content: inside }], [{ path: '.wh.a.tar' }])).found).toEqual([
      'github-pat a.tar!/etc/app.env shadowed',
    ]);
  });

  it('leaves manuals, fonts and published packages alone', async () => {
    const content = gzipSync(`token: ${token}\n`);
    const paths = ['usr/share/man/man1/a.1.gz', 'usr/share/doc/a/changelog.gz', 'var/cache/a-1.gem', 'srv/a.svgz'];
    const packed = { path: 'usr/local/go/src/compress/bzip2/testdata/e.txt.bz2', content: 'BZh91AY&SY' };
    expect(await look([...paths.map((path) => ({ path, content })), packed])).toEqual({ found: [], warnings: [] });
  });

  it.each<[string, string, Buffer, RegExp]>([
    ['cut short', 'a.tgz', gzipSync(inside).subarray(0, -20), /^archive of \d+ bytes: archive ends inside/],
    ['of a compression that cannot be read', 'a.tar.xz', Buffer.from('fd377a585a000004', 'hex'), /compressed with xz/],
    ['compressed with xz, of any name', 'srv/backup', Buffer.from('fd377a585a000004', 'hex'), /compressed with xz/],
    ['compressed with bzip2', 'srv/dump.sql.bz2', Buffer.from('BZh91AY&SY'), /compressed with bzip2/],
    ['compressed with lz4', 'srv/dump.lz4', Buffer.from('04224d18644070b9', 'hex'), /compressed with lz4/],
    ['compressed with lzip', 'srv/dump', Buffer.from('LZIP\u0001\u0014'), /compressed with lzip/],
    [
      'nested too deeply',
      'a.tar',
      [1, 2, 3].reduce((content) => tarArchive([{ path: 'n.tar', content }]), inside),
      /n\.tar!\/n\.tar!\/n\.tar is nested more than 3 deep and was not read$/,
    ],
    ['that grows to too much', 'a.gz', gzipSync(Buffer.alloc(140 * 1024 * 1024, 'a')), /more than 200 times its size/],
    ['with a broken header', 'a.tar.gz', gzipSync(broken), /checksum|header/],
  ])('warns about an archive %s and reads the others', async (_, path, content, message) => {
    const { found, warnings } = await look([{ path, content }, settings]);
    expect(found).toContain('github-pat etc/app.env present');
    expect(warnings).toEqual([['SECRET_SEARCH_CUT', path, expect.stringMatching(message)]]);
  });

  it('limits the entries of an archive', async () => {
    const entry = tarArchive([{ path: 'a', content: '' }]).subarray(0, 512);
    const many = Buffer.alloc(entry.length * (archiveLimits.entries + 1), entry);
    const { warnings } = await look([{ path: 'a.tgz', content: gzipSync(many, { level: 1 }) }]);
    expect(warnings).toEqual([['SECRET_SEARCH_CUT', 'a.tgz', expect.stringContaining('entries')]]);
  });
});

describe('a path twice in one layer', () => {
  const other: TarEntry = { path: 'etc/app.env', content: 'nothing\n' };

  it('has the secrets of its first content as shadowed', async () => {
    expect((await look([settings, other])).found).toEqual(['github-pat etc/app.env shadowed']);
    expect((await look([settings, { path: 'etc/app.env', type: 'directory' }])).found).toHaveLength(1);
    expect(
      (
        await look([
          { path: 'a.tar', content: inside },
          { path: 'a.tar', content: 'x' },
        ])
      ).found,
    ).toEqual(['github-pat a.tar!/etc/app.env shadowed']);
  });

  it('has a secret of both contents as present', async () => {
    expect((await look([settings, other, settings])).found).toEqual(['github-pat etc/app.env present']);
  });

  it('leaves the secrets of its first content to a hard link', async () => {
    const link: TarEntry = { path: 'etc/copy', type: 'hardlink', linkTarget: 'etc/app.env' };
    expect((await look([settings, link, other])).found).toEqual(['github-pat etc/copy present']);
    expect((await look([settings, link, other, { path: 'etc/copy', content: 'x' }])).found).toEqual([
      'github-pat etc/copy shadowed',
    ]);
  });
});
