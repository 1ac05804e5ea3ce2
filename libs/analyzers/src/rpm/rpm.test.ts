import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';

import { TidewaiterError } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { purlOf } from '../purl.js';
import { tags } from './header.js';
import { filesOf } from './rpm-package.js';
import { rpm } from './rpm.js';
import { readSourceRpm } from './source-rpm.js';

// Made from fixtures/fixture.spec and one of Debian's public keys with rpm 4.20 (sqlite and ndb)
// and db5.3_load (hash, of either byte order, of the headers from `rpmdb --exportdb`).
const fixture = (name: string) => gunzipSync(readFileSync(join(__dirname, 'fixtures', `${name}.gz`)));
const databases = [
  ['rpmdb.sqlite', 'var/lib/rpm/rpmdb.sqlite'],
  ['Packages.db', 'usr/lib/sysimage/rpm/Packages.db'],
  ['Packages', 'var/lib/rpm/Packages'],
  ['Packages-big-endian', 'var/lib/rpm/Packages'],
] as const;

describe('rpm', () => {
  it.each([
    ['var/lib/rpm/Packages', true],
    ['var/lib/rpm/Packages.db', true],
    ['var/lib/rpm/rpmdb.sqlite', true],
    ['var/lib/rpm/rpmdb.sqlite-wal', true],
    ['var/lib/rpm/rpmdb.sqlite-journal', true],
    ['usr/lib/sysimage/rpm/rpmdb.sqlite', true],
    ['usr/share/rpm/rpmdb.sqlite', true],
    ['var/lib/rpm/rpmdb.sqlite-shm', false],
    ['var/lib/rpm/Packages-wal', false],
    ['var/lib/rpm/Name', false],
    ['var/lib/rpm/Index.db', false],
    ['x/var/lib/rpm/Packages', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(rpm.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  describe.each(databases)('%s', (name, path) => {
    const content = fixture(name);

    it('reads the packages without the public key', () => {
      const { packages, damage } = rpm.analyze({ path, content });
      const licenses = ['MIT AND (Apache-2.0 OR BSD-3-Clause)'];
      const common = { type: 'rpm', arch: 'noarch', licenses, foundIn: path, isThirdParty: true };
      expect(damage).toBeUndefined();
      expect(packages).toHaveLength(2);
      expect(packages).toEqual(
        expect.arrayContaining([
          {
            ...common,
            name: 'fixture-web',
            version: '2:1.4-3.el9',
            qualifiers: { modularity: 'fixture:18' },
            source: { name: 'fixture-web', version: '2:1.4-3.el9' },
          },
          {
            ...common,
            name: 'fixture-libs',
            version: '1.4-3.el9',
            qualifiers: { modularity: 'fixture:18' },
            source: { name: 'fixture-web', version: '1.4-3.el9' },
          },
        ]),
      );
    });

    it('reads the files with their mutable properties', () => {
      const owned = rpm.analyze({ path, content }).owned ?? [];
      const sha256 = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
      expect(owned.find((each) => each.package === 'fixture-web')).toEqual({
        type: 'rpm',
        package: 'fixture-web',
        isThirdParty: true,
        files: [
          { path: 'etc/fixture.d/main.conf', digest: sha256, role: 'config', mode: 0o644 },
          { path: 'etc/fixture.d/verify.conf' },
          { path: 'usr/bin/fixture', digest: sha256, mode: 0o4755 },
          { path: 'usr/bin/fixture-link', linkTarget: 'fixture' },
          { path: 'usr/share/doc/fixture/README', digest: sha256, role: 'documentation', mode: 0o644 },
          { path: 'var/log/fixture.log', role: 'ghost', mode: 0o644 },
        ],
      });
      expect(owned.find((each) => each.package === 'fixture-libs')?.files).toHaveLength(162);
    });

    it('reports a truncated file', () => {
      for (const length of [0.2, 0.4, 0.6, 0.8, 0.95].map((part) => Math.floor(content.length * part))) {
        expect(outcomeOf(path, content.subarray(0, length))).not.toBe('clean');
      }
    });

    it('accepts any bytes at any position', () => {
      const change = fc.record({
        at: fc.nat(content.length - 9),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
      });
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
          const broken = Buffer.from(content);
          for (const { at, bytes } of changes) broken.set(bytes, at);
          expect(outcomeOf(path, broken)).toBeDefined();
        }),
        { numRuns: 200 },
      );
    });
  });

  /** Result of analyzing a possibly broken database; unexpected errors are rethrown. */
  function outcomeOf(path: string, content: Buffer): string {
    try {
      return rpm.analyze({ path, content }).damage ?? 'clean';
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      return error.code;
    }
  }

  it('counts the packages lost with pages of a hash', () => {
    const content = fixture('Packages');
    for (let page = 4096; page < content.length; page += 4096) {
      if (content[page + 25] === 13) content.fill(0, page, page + 4096);
    }
    expect(outcomeOf('var/lib/rpm/Packages', content)).toMatch(/cannot be read/);
  });

  it('ends at cyclic rows and chains', () => {
    const hash = fixture('Packages');
    for (let page = 4096; page < hash.length; page += 4096) {
      if (hash[page + 25] === 7) hash.writeUInt32LE(page / 4096, page + 16);
    }
    expect(outcomeOf('var/lib/rpm/Packages', hash)).toMatch(/cannot be read|MALFORMED_FILE/);
    const sqlite = fixture('rpmdb.sqlite');
    for (let page = 4096; page < sqlite.length; page += 4096) {
      if (sqlite[page] === 13)
        sqlite.fill(Buffer.from([5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, page / 4096 + 1]), page, page + 12);
    }
    expect(outcomeOf('var/lib/rpm/rpmdb.sqlite', sqlite)).toMatch(/cannot be read|MALFORMED_FILE/);
  });

  it('limits the work for hostile databases', () => {
    const large = 16 << 20;
    // Leaves whose cells all point to no data.
    const sqlite = Buffer.alloc(large);
    fixture('rpmdb.sqlite').copy(sqlite, 0, 0, 4096);
    for (let page = 4096; page < large; page += 4096) sqlite.set([13, 0, 0, 7, 0xff], page);
    expect(outcomeOf('var/lib/rpm/rpmdb.sqlite', sqlite)).toMatch(/cannot be read|MALFORMED_FILE/);
    // Hash pages whose items all start at the same byte.
    const hash = Buffer.alloc(large);
    fixture('Packages').copy(hash, 0, 0, 4096);
    for (let page = 4096; page < large; page += 4096) {
      hash[page + 25] = 13;
      hash.writeUInt16LE(2_000, page + 20);
      for (let item = 0; item < 2_000; item += 1)
        hash.writeUInt16LE(item % 2 === 0 ? 4_090 : 4_080, page + 26 + 2 * item);
      hash[page + 4_080] = 1;
    }
    expect(outcomeOf('var/lib/rpm/Packages', hash)).toMatch(/cannot be read|MALFORMED_FILE/);
  });

  it.each(['wal', 'journal'])('warns about a %s with content', (log) => {
    const path = `var/lib/rpm/rpmdb.sqlite-${log}`;
    expect(outcomeOf(path, Buffer.alloc(0))).toBe('clean');
    expect(outcomeOf(path, Buffer.alloc(512))).toBe('clean');
    expect(outcomeOf(path, Buffer.from('377f0682', 'hex'))).toMatch(/only this log/);
  });

  it('rejects a header with two names, of which rpm finds either', () => {
    const content = fixture('Packages.db');
    // The summary of a package becomes a second name: tag 1004, of translated text.
    const summary = Buffer.from('000003ec00000009', 'hex');
    for (let at = content.indexOf(summary); at !== -1; at = content.indexOf(summary, at + 1))
      content.writeUInt32BE(tags.name, at);
    expect(outcomeOf('usr/lib/sysimage/rpm/Packages.db', content)).toMatch(/cannot be read/);
  });

  it('rejects rows of which rpm may read another column', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-rpm-'));
    const path = join(folder, 'rpmdb.sqlite');
    writeFileSync(path, fixture('rpmdb.sqlite'));
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA foreign_keys = OFF; CREATE TABLE other (hnum INTEGER PRIMARY KEY, decoy BLOB, blob BLOB);
      INSERT INTO other SELECT hnum, blob, blob FROM Packages; DROP TABLE Packages; ALTER TABLE other RENAME TO Packages`);
    database.close();
    expect(outcomeOf('var/lib/rpm/rpmdb.sqlite', readFileSync(path))).toMatch(/cannot be read/);
    rmSync(folder, { recursive: true });
  });

  it('rejects a slot without a number that has blocks', () => {
    const content = fixture('Packages.db');
    for (let at = 32; at < 4096; at += 16) content.writeUInt32LE(0, at + 4);
    expect(outcomeOf('usr/lib/sysimage/rpm/Packages.db', content)).toMatch(/cannot be read/);
  });

  it.each(['', 'no database at all', 'SQLite format 3\0', 'RpmP\u0001'])('rejects %j', (text) => {
    expect(outcomeOf('var/lib/rpm/Packages', Buffer.from(text))).toBe('MALFORMED_FILE');
  });

  it.each([
    ['bash-4.4-19.6.1.src.rpm', '0', { name: 'bash', version: '4.4-19.6.1' }],
    [
      'java-1.8.0-openjdk-1.8.0.322.b06-2.el8_5.src.rpm',
      '1',
      { name: 'java-1.8.0-openjdk', version: '1:1.8.0.322.b06-2.el8_5' },
    ],
    ['firmware-1-2.nosrc.rpm', '0', { name: 'firmware', version: '1-2' }],
    ['bash-4.4-19.x86_64.rpm', '0', undefined],
    ['-4.4-19.src.rpm', '0', undefined],
    ['bash.src.rpm', '0', undefined],
    ['a--1.src.rpm', '0', undefined],
    ['(none)', '0', undefined],
  ])('parses the source of %s', (fileName, epoch, source) => {
    expect(readSourceRpm(fileName, epoch)).toEqual(source);
  });

  const corpus = sharedData('corpus');

  interface Truth {
    os: { id: string };
    packages: { version: string; purl: string; source: { rpm: string } }[];
  }

  describeWith(corpus)('databases of real images', () => {
    it.each([
      ['mariner2-rpmdb.sqlite', 'var/lib/rpm/rpmdb.sqlite', 'rpm-mariner2-sqlite'],
      ['sle15-bci-Packages.db', 'usr/lib/sysimage/rpm/Packages.db', 'rpm-sle15-ndb'],
      ['el8-libuuid-Packages', 'var/lib/rpm/Packages', 'rpm-el8-bdb-one'],
    ])('reads from %s exactly the packages that rpm lists', (name, path, image) => {
      const truth: Truth = JSON.parse(readFileSync(join(corpus.path, 'truth', `${image}.json`), 'utf8'));
      const content = gunzipSync(readFileSync(join(corpus.path, 'data/rpm', `${name}.gz`)));
      const { packages = [], damage } = rpm.analyze({ path, content });
      const os = { id: truth.os.id, name: '', idLike: [] };
      const found = packages.map((each) => [purlOf(each, os), each.version, each.source.name]);
      const expected = truth.packages.map(({ purl, version, source }) => [
        // rpm does not know the release; everything else is the same.
        purl.replace(/(\?arch=[^&]+)/, `$1&distro=${os.id}`),
        version,
        readSourceRpm(source.rpm, '0')?.name,
      ]);
      expect(damage).toBeUndefined();
      expect(found).toHaveLength(expected.length);
      expect(found).toEqual(expect.arrayContaining(expected));
    });
  });

  it('reads the capabilities that a package declares', () => {
    const texts = new Map<number, string[]>([
      [tags.directoryNames, ['/usr/bin/']],
      [tags.baseNames, ['ping', 'tracepath']],
      [tags.fileCapabilities, ['cap_net_raw=ep', '']],
    ]);
    const numbers = new Map<number, number[]>([
      [tags.directoryIndexes, [0, 0]],
      [tags.fileModes, [0o100755, 0o100755]],
    ]);
    const header = { texts: (tag: number) => texts.get(tag) ?? [], numbers: (tag: number) => numbers.get(tag) ?? [] };
    expect(filesOf(header)).toEqual([
      { path: 'usr/bin/ping', mode: 0o755, capabilities: 'cap_net_raw=ep' },
      { path: 'usr/bin/tracepath', mode: 0o755 },
    ]);
  });
});
