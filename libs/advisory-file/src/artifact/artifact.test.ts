import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { type OsvAdvisory, readOsvRecord } from '@tidewaiter/advisories';
import * as fc from 'fast-check';

import { AdvisoryFileWriter } from '../advisory-file-writer.js';
import { AdvisoryFile } from '../advisory-file.js';
import { deltaBetween } from './delta.js';
import { type FileContent, imageFacts, writeImage } from './image.js';
import { advanceFile, heldArtifact, replaceFile } from './installed-artifact.js';
import { differencesOf, packPositions, unpackPositions, withDifferences } from './number-columns.js';

let folder: string;
let files = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-artifact-file-'));
});

afterEach(async () => rm(folder, { recursive: true }));

interface Content {
  /** Packages and titles by id. */
  advisories: Record<string, { title: string; packages: string[] }>;
  kev: Record<string, string>;
  epss: Record<string, [score: number, percentile: number]>;
  /** Ends of the support of the release 1 of products. */
  ends?: Record<string, string>;
}

function advisory(id: string, { title, packages }: Content['advisories'][string]): OsvAdvisory {
  const affected = packages.map((name) => ({
    package: { ecosystem: name.length > 1 ? 'Debian:12' : 'npm', name },
    ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }],
  }));
  return readOsvRecord({ id, modified: '2026-01-01T00:00:00Z', summary: title, affected });
}

/** A file of some content, whose records are written in the given order. */
async function fileOf({ advisories, kev, epss, ends = {} }: Content, isReversed = false): Promise<string> {
  const path = join(folder, `source-${(files += 1)}.db`);
  using writer = AdvisoryFileWriter.open(path);
  await writer.update(async () => {
    const records = Object.entries(advisories).map(([id, facts]) => advisory(id, facts));
    await writer.put(isReversed ? records.toReversed() : records);
    await writer.putKev(
      'CISA',
      Object.entries(kev).map(([cve, addedOn]) => ({ cve, addedOn })),
    );
    await writer.putEpss(Object.entries(epss).map(([cve, [score, percentile]]) => ({ cve, score, percentile })));
    const releases = (supportEnds: string) => [{ version: '1', codename: null, supportEnds, extendedEnds: null }];
    await writer.putEndOfLife(
      Object.entries(ends).map(([product, end]) => ({ product, title: product, releases: releases(end) })),
    );
  });
  return path;
}

async function imageOf(content: Content, isReversed = false): Promise<string> {
  const path = join(folder, `image-${(files += 1)}.db`);
  writeImage(await fileOf(content, isReversed), path);
  return path;
}

const stateOf = ({ content, createdAt, rows }: FileContent) => ({ manifest: 'sha256:1', content, createdAt, rows });
const some: Content = {
  advisories: { 'A-1': { title: 'one', packages: ['a', 'bb'] }, 'A-2': { title: 'two', packages: ['bb'] } },
  kev: { 'CVE-2026-1': '2026-01-01' },
  epss: { 'CVE-2026-1': [0.5, 0.9] },
};

describe('writeImage', () => {
  it('gives the same bytes for the same content, in whatever order it was written', async () => {
    const [one, other] = [await imageOf(some), await imageOf(some, true)];
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
    expect(imageFacts(one)).toMatchObject({ rows: { advisory: 2, affected: 3, kev: 1, epss: 1, release: 2 } });
    using file = AdvisoryFile.open(one);
    file.verify();
    expect(file.candidates({ ecosystem: 'Debian', release: '12', names: ['bb'] })).toHaveLength(2);
  });

  it('gives other content another digest', async () => {
    const other = { ...some, kev: { 'CVE-2026-1': '2026-01-02' } };
    expect(imageFacts(await imageOf(some)).content).not.toBe(imageFacts(await imageOf(other)).content);
  });

  it('refuses a file with definitions that are not its own, even under a name of SQLite', async () => {
    const path = await fileOf(some);
    const db = new DatabaseSync(path, { defensive: false });
    db.exec('CREATE TRIGGER evil AFTER INSERT ON kev BEGIN DELETE FROM advisory; END');
    db.exec(`PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = 'sqlite_stat1' WHERE name = 'evil'`);
    db.close();
    const refusal = expect.objectContaining({ code: 'ADVISORIES_DAMAGED' });
    expect(() => writeImage(path, join(folder, 'image.db'))).toThrow(refusal);
    expect(() => AdvisoryFileWriter.open(path)).toThrow(refusal);
    expect(() => AdvisoryFile.open(path)).toThrow(refusal);
  });
});

const letters = fc.constantFrom('a', 'b', 'cc', 'dd', 'ee');
const cve = fc.integer({ min: 1, max: 30 }).map((number) => `CVE-2026-${number}`);
const decimal = fc.integer({ min: 0, max: 100_000 }).map((number) => number / 100_000);
const contents: fc.Arbitrary<Content> = fc.record({
  advisories: fc.dictionary(
    fc.integer({ min: 1, max: 20 }).map((number) => `A-${number}`),
    fc.record({ title: fc.string(), packages: fc.uniqueArray(letters, { minLength: 1 }) }),
  ),
  kev: fc.dictionary(cve, fc.constantFrom('2026-01-01', '2026-01-02')),
  ends: fc.dictionary(fc.constantFrom('php', 'ruby', 'nodejs'), fc.constantFrom('over', '2026-01-02')),
  epss: fc.dictionary(
    cve,
    fc.oneof(fc.tuple(decimal, decimal), fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), decimal)),
  ),
});

describe('deltaBetween', () => {
  it('leads from any content to any other', async () => {
    await fc.assert(
      fc.asyncProperty(contents, contents, async (before, after) => {
        const [from, to] = [await imageOf(before), await imageOf(after)];
        const facts = imageFacts(to);
        advanceFile(from, [deltaBetween(from, to)!], null, stateOf(facts));
        expect(imageFacts(from).content).toBe(facts.content);
        using file = AdvisoryFile.open(from);
        file.verify();
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  it('costs a few bytes for each number of a table that changes as a whole', async () => {
    const day = (shift: number): Content => ({
      ...some,
      epss: Object.fromEntries(
        Array.from({ length: 5_000 }, (_, index) => [
          `CVE-2026-${index}`,
          [Math.round((index % 997) + shift) / 100_000, Math.round(index * 19 + shift) / 100_000],
        ]),
      ),
    });
    const delta = deltaBetween(await imageOf(day(0)), await imageOf(day(7)))!;
    // Four bytes before compression for each of two numbers, and one for the position.
    expect(delta.length).toBeLessThan(5_000 * 9 + 1_000);
  });

  it('leaves a file unchanged to which it does not lead from', async () => {
    const [one, two, three] = [
      await imageOf(some),
      await imageOf({ ...some, kev: {} }),
      await imageOf({ ...some, advisories: {} }),
    ];
    const before = imageFacts(three).content;
    const state = stateOf(imageFacts(two));
    const unfit = expect.objectContaining({
      code: expect.stringMatching(/^(ARTIFACT_DELTA|ADVISORIES_DAMAGED)$/) as string,
    });
    expect(() => advanceFile(three, [deltaBetween(one, two)!], null, state)).toThrow(unfit);
    expect(() => advanceFile(three, [Buffer.from('{"tables":[{"table":"sqlite_schema"}]}\n')], null, state)).toThrow(
      unfit,
    );
    expect(imageFacts(three).content).toBe(before);
    expect(heldArtifact(three)).toBeNull();
  });
});

describe('heldArtifact', () => {
  it('is known until something else is written to the file', async () => {
    const path = await imageOf(some);
    const state = stateOf(imageFacts(path));
    advanceFile(path, [], null, state);
    expect(heldArtifact(path)).toEqual(state);
    expect(() => advanceFile(path, [], 'another', state)).toThrow(expect.objectContaining({ code: 'ADVISORIES_BUSY' }));
    using writer = AdvisoryFileWriter.open(path);
    await writer.update(async () => writer.putKev('CISA', []));
    expect(heldArtifact(path)).toBeNull();
  });
});

describe('replaceFile', () => {
  it('gives new readers the new file, and leaves the old one to those that have it open', async () => {
    const path = join(folder, 'advisories.db');
    copyFileSync(await fileOf(some), path);
    using reader = AdvisoryFile.open(path);
    replaceFile(await imageOf({ ...some, advisories: {} }), path);
    expect(reader.holdings().advisories).toBe(2);
    using later = AdvisoryFile.open(path);
    expect(later.holdings().advisories).toBe(0);
  });

  it('replaces no file of another kind', async () => {
    const image = await imageOf(some);
    const path = join(folder, 'notes.db');
    writeFileSync(path, 'notes of someone');
    expect(() => replaceFile(image, path)).toThrow(expect.objectContaining({ code: 'ADVISORIES_DAMAGED' }));
    expect(existsSync(image)).toBe(true);
  });
});

describe('differencesOf', () => {
  it('restores every list of decimals', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(decimal, decimal)), (pairs) => {
        const [before, after] = [pairs.map(([one]) => one), pairs.map(([, other]) => other)];
        expect(withDifferences(before, differencesOf(before, after)!)).toEqual(after);
      }),
    );
  });

  it('leaves numbers alone that have too many digits', () => {
    expect(differencesOf([0.1], [1 / 3])).toBeUndefined();
    expect(differencesOf([1e12], [1])).toBeUndefined();
  });
});

describe('packPositions', () => {
  it('restores every ascending list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 10_000_000 })), (positions) => {
        const ascending = positions.toSorted((a, b) => a - b);
        expect(unpackPositions(packPositions(ascending))).toEqual(ascending);
      }),
    );
  });
});
