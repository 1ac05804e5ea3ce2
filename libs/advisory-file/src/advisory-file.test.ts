import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import {
  type AdvisoryFeed,
  type OsvAdvisory,
  type ProductReleases,
  readOsvRecord,
  usualEntry,
} from '@tidewaiter/advisories';
import * as fc from 'fast-check';

import { AdvisoryFileWriter } from './advisory-file-writer.js';
import { AdvisoryFile } from './advisory-file.js';
import { isAdvisoryFile } from './format.js';

let folder: string;
let path: string;

describe('AdvisoryFile', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidewaiter-advisory-file-'));
    path = join(folder, 'deep', 'advisories.db');
  });

  afterEach(async () => rm(folder, { recursive: true }));

  interface Facts {
    modified?: string;
    withdrawn?: string;
    packages?: [ecosystem: string, name: string, fixed?: string][];
  }

  function advisory(id: string, { modified = '2026-01-01T00:00:00Z', withdrawn, packages = [] }: Facts): OsvAdvisory {
    const affected = packages.map(([ecosystem, name, fixed]) => ({
      package: { ecosystem, name },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === undefined ? [] : [{ fixed }])] }],
    }));
    return readOsvRecord({ id, modified, withdrawn, summary: `about ${id}`, aliases: ['CVE-2026-1000'], affected });
  }

  function recordOf({ affected: _, dropped: __, ...record }: OsvAdvisory) {
    return record;
  }

  async function write(work: (writer: AdvisoryFileWriter) => Promise<unknown>): Promise<void> {
    using writer = AdvisoryFileWriter.open(path);
    await writer.update(async () => work(writer));
  }

  function read<T>(work: (file: AdvisoryFile) => T): T {
    using file = AdvisoryFile.open(path);
    return work(file);
  }

  const idsFor = (ecosystem: string, release: string, ...names: string[]) =>
    read((file) => file.candidates({ ecosystem, release, names }).map(({ advisory: { id } }) => id));

  it('finds advisories by ecosystem, release and name, and returns them unchanged', async () => {
    const record = advisory('DSA-1', {
      packages: [
        ['Debian:12', 'openssl', '3.0.1'],
        ['Debian:11', 'openssl'],
        ['Debian', 'curl'],
      ],
    });
    await write((writer) => writer.put([record, advisory('GHSA-1', { packages: [['npm', 'openssl']] })]));
    read((file) => {
      const candidates = file.candidates({ ecosystem: 'Debian', release: '12', names: ['openssl', 'curl'] });
      expect(candidates).toEqual([
        { ...record.affected[0], advisory: recordOf(record) },
        { ...record.affected[2], advisory: recordOf(record) },
      ]);
      expect(file.record('DSA-1')).toEqual(recordOf(record));
      expect(file.record('DSA-2')).toBeNull();
      expect(file.recordsOf('CVE-2026-1000').map(({ id }) => id)).toEqual(['DSA-1', 'GHSA-1']);
      const scopes = [
        { ecosystem: 'Debian', release: '11' },
        { ecosystem: 'npm', release: null },
      ];
      expect(file.covered([...scopes, { ecosystem: 'Alpine', release: 'v3.20' }])).toEqual(scopes);
    });
  });

  it('stores any content of an entry', async () => {
    const version = fc.string({ minLength: 1, maxLength: 8 });
    const entry = fc.record({
      ecosystem: fc.constantFrom('npm', 'Debian'),
      release: fc.constantFrom(null, '12'),
      name: fc.constantFrom('a', 'b'),
      ranges: fc.array(
        fc.record({ type: fc.constantFrom('SEMVER', 'ECOSYSTEM'), events: fc.array(fc.record({ fixed: version })) }),
      ),
      versions: fc.array(version, { maxLength: 2 }),
      severity: fc.constantFrom(null, 'high'),
      unfixed: fc.constantFrom('not-fixed', 'wont-fix'),
      isIncomplete: fc.boolean(),
      module: fc.option(version),
    });
    using writer = AdvisoryFileWriter.open(path);
    let serial = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 4 }), async (affected) => {
        const id = `A-${++serial}`;
        const whole = { ...advisory(id, {}), affected } as unknown as OsvAdvisory;
        await writer.update(async () => writer.put([whole]));
        const names = ['a', 'b'];
        const found = read((file) => [
          ...file.candidates({ ecosystem: 'npm', release: '12', names }),
          ...file.candidates({ ecosystem: 'Debian', release: '12', names }),
        ]).filter(({ advisory }) => advisory.id === id);
        expect(found).toHaveLength(affected.length);
        const expected = affected.map((each) => ({ ...each, advisory: recordOf(whole) }));
        expect(found).toEqual(expect.arrayContaining(expected));
      }),
      { numRuns: 50 },
    );
  });

  it('hands out records with the texts of their entries', async () => {
    const records = [
      advisory('DSA-1', {
        packages: [
          ['Debian:12', 'a', '1'],
          ['Debian:12', 'a', '2'],
          ['npm', 'b'],
        ],
      }),
      advisory('DSA-2', { packages: [['Debian:12', 'a', '"\\"']] }),
    ];
    await write(async (writer) => writer.put(records));
    const packed = read((file) => [...file.packed(['DSA-2', 'DSA-1', 'DSA-3'])]);
    expect(packed.map(({ record }) => record.id)).toEqual(['DSA-1', 'DSA-2']);
    for (const [index, { record, entries }] of packed.entries()) {
      expect(record).toEqual(recordOf(records[index]!));
      const whole = entries.map(({ text, ...key }) => ({ ...usualEntry, ...(JSON.parse(text) as object), ...key }));
      expect(whole).toEqual(expect.arrayContaining(records[index]!.affected));
      expect(whole).toHaveLength(records[index]!.affected.length);
    }
  });

  it('finds which records are about an ecosystem', async () => {
    await write(async (writer) => {
      await writer.put([
        advisory('A', { packages: [['Debian:12', 'a']] }),
        advisory('B', { packages: [['npm', 'b']] }),
      ]);
      await writer.put([advisory('C', { withdrawn: '2026-02-01T00:00:00Z', packages: [['Debian:11', 'a']] })]);
    });
    expect(read((file) => file.listing('Debian', ['A', 'B', 'C', 'D']))).toEqual(new Set(['A']));
    expect(read((file) => ['Debian', 'npm', 'Alpine'].map((name) => file.lists(name)))).toEqual([true, true, false]);
  });

  it('writes new and newer records, and finds no withdrawn ones', async () => {
    await write(async (writer) => {
      expect(
        await writer.put([
          advisory('A-1', {
            packages: [
              ['npm', 'a'],
              ['npm', 'b'],
            ],
          }),
        ]),
      ).toBe(1);
      expect(await writer.put([advisory('A-1', { packages: [['npm', 'c']] })])).toBe(0);
      expect(await writer.known(['A-1', 'A-2'])).toEqual(new Map([['A-1', Date.parse('2026-01-01T00:00:00Z')]]));
    });
    const modified = '2026-02-01T00:00:00Z';
    await write(async (writer) =>
      expect(await writer.put([advisory('A-1', { modified, packages: [['npm', 'b']] })])).toBe(1),
    );
    expect(idsFor('npm', '', 'a', 'b', 'c')).toEqual(['A-1']);
    const withdrawn = '2026-03-01T00:00:00Z';
    await write((writer) =>
      writer.put([advisory('A-1', { modified: withdrawn, withdrawn, packages: [['npm', 'b']] })]),
    );
    expect(idsFor('npm', '', 'b')).toEqual([]);
  });

  it('deletes entries of an ecosystem until they come back', async () => {
    const both = advisory('A-1', {
      packages: [
        ['npm', 'a'],
        ['PyPI', 'a'],
      ],
    });
    await write((writer) => writer.put([both, advisory('A-2', { packages: [['npm', 'a']] })]));
    await write(async (writer) => {
      expect(await writer.idsOf('npm')).toEqual(['A-1', 'A-2']);
      await writer.retire('npm', ['A-1', 'A-2']);
    });
    expect(idsFor('npm', '', 'a')).toEqual([]);
    expect(idsFor('PyPI', '', 'a')).toEqual(['A-1']);
    expect(read((file) => file.record('A-2'))).toBeNull();
    await write(async (writer) => expect(await writer.put([both])).toBe(1));
    expect(idsFor('npm', '', 'a')).toEqual(['A-1']);
  });

  it('stores exploited vulnerabilities and writes only changes', async () => {
    const score = (cve: string, value: number) => ({ cve, score: value, percentile: 0.5 });
    await write(async (writer) => {
      expect(
        await writer.putKev('CISA', [
          { cve: 'CVE-2021-44228', addedOn: '2021-12-10' },
          { cve: 'CVE-2020-0001', addedOn: '2021-01-01' },
        ]),
      ).toBe(2);
      expect(await writer.putEpss([score('CVE-2021-44228', 0.9), score('CVE-2021-45046', 0.5)])).toBe(2);
    });
    await write(async (writer) => {
      expect(await writer.putKev('CISA', [{ cve: 'CVE-2021-44228', addedOn: '2021-12-10' }])).toBe(1);
      expect(await writer.putEpss([score('CVE-2021-44228', 0.9), score('CVE-2021-45046', 0.4)])).toBe(1);
    });
    read((file) => {
      expect(file.exploitation(['CVE-2021-44228', 'CVE-2021-45046'])).toEqual({
        ...{ kev: true, kevLists: ['CISA'], epss: 0.9 },
      });
      expect(file.exploitation(['CVE-2020-0001'])).toEqual({ kev: false, epss: null });
      expect(file.holdings()).toMatchObject({ kev: 1, epss: 2 });
    });
  });

  it('stores several lists of exploited vulnerabilities, each by itself', async () => {
    const [log4shell, other] = ['CVE-2021-44228', 'CVE-2020-0001'].map((cve) => ({ cve, addedOn: '2021-12-10' }));
    await write(async (writer) => {
      expect(await writer.putKev('VulnCheck', [log4shell!, other!])).toBe(2);
      expect(await writer.putKev('CISA', [log4shell!])).toBe(1);
    });
    read((file) => {
      expect(file.exploitation(['CVE-2021-44228'])).toMatchObject({ kev: true, kevLists: ['CISA', 'VulnCheck'] });
      expect(file.exploitation(['CVE-2020-0001'])).toMatchObject({ kev: true, kevLists: ['VulnCheck'] });
      expect(file.holdings()).toMatchObject({ kev: 2 });
      expect([file.kev('CISA'), file.kev('ENISA')]).toEqual([[log4shell], []]);
    });
    await write(async (writer) => expect(await writer.putKev('VulnCheck', [other!])).toBe(1));
    read((file) => expect(file.exploitation(['CVE-2021-44228'])).toMatchObject({ kevLists: ['CISA'] }));
  });

  it('stores ends of support and writes only changes', async () => {
    const productOf = (product: string, supportEnds: string): ProductReleases => ({
      ...{ product, title: product },
      releases: [{ version: '1', codename: null, supportEnds, extendedEnds: null }],
    });
    const [node, php] = [productOf('nodejs', '2026-01-01'), productOf('php', 'over')];
    await write(async (writer) => expect(await writer.putEndOfLife([node, php])).toBe(2));
    const later = productOf('nodejs', '2027-01-01');
    await write(async (writer) => expect(await writer.putEndOfLife([later, php])).toBe(1));
    read((file) => {
      expect(file.endOfLife(['nodejs', 'ruby'])).toEqual([later]);
      expect(file.endOfLife()).toHaveLength(2);
      expect(file.holdings()).toMatchObject({ endOfLife: 2 });
    });
    await write(async (writer) => expect(await writer.putEndOfLife([later])).toBe(1));
    expect(read((file) => file.endOfLife())).toEqual([later]);
  });

  it('stores the CPEs of repositories and writes only changes', async () => {
    const [one, two] = [
      { repository: 'a-rpms', cpes: ['cpe:/a:redhat:a:1'] },
      { repository: 'b-rpms', cpes: ['cpe:/a:redhat:b:1', 'cpe:/a:redhat:b:2'] },
    ];
    await write(async (writer) => expect(await writer.putRepositories([one, two])).toBe(2));
    await write(async (writer) => expect(await writer.putRepositories([one, two])).toBe(0));
    read((file) => {
      expect(file.cpesOf('b-rpms')).toEqual(two.cpes);
      expect(file.cpesOf('c-rpms')).toBeUndefined();
      expect(file.holdings()).toMatchObject({ repositories: 2 });
    });
    await write(async (writer) => expect(await writer.putRepositories([one])).toBe(1));
    expect(read((file) => file.repositories())).toEqual([one]);
  });

  const feed: AdvisoryFeed = {
    name: 'npm',
    origin: 'https://bucket.example.com/npm/all.zip',
    etag: '"1"',
    lastModified: null,
    asOf: '2026-01-02T00:00:00Z',
    checkedAt: '2026-01-02T00:00:00Z',
    changedAt: '2026-01-02T00:00:00Z',
    records: 2,
    rejected: 0,
  };

  it('stores its feeds', async () => {
    await write((writer) => writer.noteFeed(feed));
    await write(async (writer) => expect(await writer.feed('npm')).toEqual(feed));
    expect(read((file) => file.feeds())).toEqual([feed]);
  });

  it('rolls back a failed update, and hides a running one from readers', async () => {
    await write((writer) => writer.put([advisory('A-1', { packages: [['npm', 'a']] })]));
    using writer = AdvisoryFileWriter.open(path);
    const failing = writer.update(async () => {
      await writer.put([advisory('A-2', { packages: [['crates.io', 'a']] })]);
      expect(read((file) => file.covered([{ ecosystem: 'crates.io', release: null }]))).toEqual([]);
      throw new Error('the archive ends too early');
    });
    await expect(failing).rejects.toThrow('too early');
    expect(read((file) => file.holdings().advisories)).toBe(1);
    // The release that it had learned is forgotten as well.
    await writer.update(async () => writer.put([advisory('A-2', { packages: [['crates.io', 'a']] })]));
    expect(idsFor('crates.io', '', 'a')).toEqual(['A-2']);
  });

  it('gives a reader one snapshot during writes', async () => {
    await write((writer) => writer.put([advisory('A-1', { packages: [['npm', 'a']] })]));
    using reader = AdvisoryFile.open(path);
    const modified = '2027-01-01T00:00:00Z';
    await write((writer) =>
      writer.put([advisory('A-1', { modified, packages: [] }), advisory('A-2', { packages: [['npm', 'a']] })]),
    );
    expect(
      reader.candidates({ ecosystem: 'npm', release: '', names: ['a'] }).map(({ advisory: { id } }) => id),
    ).toEqual(['A-1']);
    expect(idsFor('npm', '', 'a')).toEqual(['A-2']);
  });

  it('allows one writer at a time', async () => {
    using first = AdvisoryFileWriter.open(path);
    const other = new DatabaseSync(path, { timeout: 0 });
    await first.update(async () => {
      expect(() => other.exec('BEGIN IMMEDIATE')).toThrow('locked');
    });
    other.close();
  });

  it('is readable in a read-only folder', async () => {
    await write((writer) => writer.put([advisory('A-1', { packages: [['npm', 'a']] })]));
    expect(existsSync(`${path}-wal`)).toBe(false);
    await chmod(path, 0o444);
    await chmod(join(folder, 'deep'), 0o555);
    try {
      expect(idsFor('npm', '', 'a')).toEqual(['A-1']);
    } finally {
      await chmod(join(folder, 'deep'), 0o755);
    }
  });

  const textOf = (value: object): string => JSON.stringify(value);

  describe('a file that cannot be used', () => {
    const damaged = expect.objectContaining({ code: 'ADVISORIES_DAMAGED' });
    const change = (at: number, value: number) => {
      const bytes = readFileSync(path);
      bytes.writeUInt32BE(value, at);
      writeFileSync(path, bytes);
    };

    beforeEach(async () => {
      const packages = Array.from({ length: 200 }, (_, index): [string, string] => ['npm', `package-${index}`]);
      await write((writer) => writer.put([advisory('A-1', { packages })]));
    });

    it.each([
      ['advisories.db', 'whatever it holds', true],
      ['advisories', 'SQLite format 3\0…', true],
      ['all.zip', 'PK', false],
      ['empty', '', false],
    ])('distinguishes it from an archive: %s', (name, content, expected) => {
      writeFileSync(join(folder, name), content);
      expect(isAdvisoryFile(join(folder, name))).toBe(expected);
    });

    it('is missing', () => {
      const missing = expect.objectContaining({ code: 'ADVISORIES_MISSING' });
      expect(() => AdvisoryFile.open(join(folder, 'none.db'))).toThrow(missing);
      expect(isAdvisoryFile(folder)).toBe(false);
    });

    it('is truncated', () => {
      writeFileSync(path, readFileSync(path).subarray(0, 8192));
      expect(() => AdvisoryFile.open(path)).toThrow(damaged);
    });

    it('is of an older version, which a writer recreates', async () => {
      change(60, 0);
      expect(isAdvisoryFile(path)).toBe(true);
      expect(() => AdvisoryFile.open(path)).toThrow(/an older Tidewaiter made it.*advisories sync/);
      await write((writer) => writer.put([advisory('A-2', { packages: [['npm', 'b']] })]));
      expect(read((file) => file.holdings().advisories)).toBe(1);
    });

    it('is of a newer version, which a writer must not overwrite', () => {
      change(60, 999);
      expect(() => AdvisoryFile.open(path)).toThrow(/a newer Tidewaiter made it/);
      expect(() => AdvisoryFileWriter.open(path)).toThrow(damaged);
    });

    it('is of another program, which a writer must not overwrite', () => {
      const other = join(folder, 'other.db');
      const db = new DatabaseSync(other);
      db.exec('CREATE TABLE precious (id)');
      db.close();
      expect(() => AdvisoryFile.open(other)).toThrow(damaged);
      expect(() => AdvisoryFileWriter.open(other)).toThrow(damaged);
      expect(existsSync(other)).toBe(true);
    });

    it('ignores the log of a deleted file', async () => {
      copyFileSync(path, `${path}-wal`);
      await rm(path);
      await write((writer) => writer.put([advisory('A-2', { packages: [['npm', 'b']] })]));
      expect(read((file) => file.holdings().advisories)).toBe(1);
    });

    it('reports or survives changed bytes anywhere', () => {
      const whole = readFileSync(path);
      const names = Array.from({ length: 200 }, (_, index) => `package-${index}`);
      const genuine = new Set(read((file) => file.candidates({ ecosystem: 'npm', release: '', names })).map(textOf));
      fc.assert(
        fc.property(fc.integer({ min: 100, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, bits) => {
          const bytes = Buffer.from(whole);
          bytes[at]! ^= bits;
          writeFileSync(path, bytes);
          // Either the damage is reported, or the answer is right; verification finds what was lost
          // with a page of the index.
          try {
            const found = read((file) => file.candidates({ ecosystem: 'npm', release: '', names })).map(textOf);
            expect(found.filter((each) => !genuine.has(each))).toEqual([]);
            if (found.length < names.length) read((file) => file.verify());
            expect(found).toHaveLength(names.length);
          } catch (error) {
            expect(error).toEqual(damaged);
          }
        }),
        { numRuns: 300 },
      );
    });

    it('is reported for a number that JavaScript does not have', () => {
      const db = new DatabaseSync(path);
      db.exec(`UPDATE affected SET checksum = 9223372036854775807 WHERE name = 'package-7'`);
      db.close();
      expect(() => read((file) => file.verify())).toThrow(damaged);
      expect(() => idsFor('npm', '', 'package-7')).toThrow(damaged);
    });

    it('is found by verification', () => {
      expect(() => read((file) => file.verify())).not.toThrow();
      const db = new DatabaseSync(path);
      db.exec(`UPDATE affected SET entries = '[]' WHERE name = 'package-7'`);
      db.close();
      expect(() => read((file) => file.verify())).toThrow(damaged);
      expect(() => idsFor('npm', '', 'package-7')).toThrow(damaged);
    });
  });
});
