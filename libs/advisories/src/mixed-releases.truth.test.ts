import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { stdout } from 'node:process';

import type { OsRelease, PackageRecord } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { advisoryKeyOf } from './advisory-key.js';
import { suitesOfPackage } from './enabled-releases.js';
import { matchPackage } from './match-package.js';
import { readOsvRecord } from './osv-record.js';
import { readOsvZip } from './osv-zip.js';
import { type AdvisoryCandidate, fixesOf } from './statements.js';
import { releaseOrder, suiteOfRelease } from './suites.js';

const shared = sharedData('advisories/osv');

/** Entries about releases by package, without those of paid streams. */
async function entriesOf(ecosystem: string): Promise<Map<string, AdvisoryCandidate[]>> {
  const file = await open(join(shared.path, ecosystem, 'all.zip'));
  const byName = new Map<string, AdvisoryCandidate[]>();
  try {
    for await (const item of readOsvZip(file, (await file.stat()).size)) {
      if ('error' in item) throw item.error;
      const advisory = readOsvRecord(item.json);
      for (const entry of advisory.withdrawn === null ? advisory.affected : []) {
        if (entry.ecosystem !== ecosystem || entry.release === null || entry.stream !== undefined) continue;
        const known = byName.get(entry.name);
        if (known) known.push({ ...entry, advisory });
        else byName.set(entry.name, [{ ...entry, advisory }]);
      }
    }
  } finally {
    await file.close();
  }
  return byName;
}

const images: Record<string, { type: PackageRecord['type']; id: string; versionId: (release: string) => string }> = {
  Alpine: { type: 'apk', id: 'alpine', versionId: (release) => `${release.slice(1)}.1` },
  Debian: { type: 'deb', id: 'debian', versionId: (release) => release },
  Ubuntu: { type: 'deb', id: 'ubuntu', versionId: (release) => release.replace(/:LTS$/, '') },
};

/** Kernels and browsers have thousands of entries, and would take most of the time. */
const maxEntries = 400;

/** Images of Debian 4 and 5 are older than containers. */
const hasSuite = (release: string) => release.startsWith('v') || suiteOfRelease(release) !== release;

/**
 * Every version that fixes something in one release, in an image of the release before it with both
 * enabled. The advisories of its own release are the truth.
 */
describeWith(shared)('real advisories of a second release', () => {
  it.each([
    ['Alpine', 0],
    ['Debian', 0],
    // Updates that Ubuntu's tracker lists for the following release as well, in the same version.
    ['Ubuntu', 0.001],
  ])(
    'miss nothing in %s but for a share of %d',
    async (ecosystem, tolerated) => {
      const { type, id, versionId } = images[ecosystem]!;
      const counts = { versions: 0, affected: 0, missed: 0, unmarked: 0, added: 0 };
      for (const [name, entries] of await entriesOf(ecosystem)) {
        if (entries.length > maxEntries) continue;
        const byRelease = Map.groupBy(entries, ({ release }) => release!);
        const known = [...byRelease.keys()].filter(hasSuite);
        const releases = known.toSorted((a, b) => releaseOrder(a) - releaseOrder(b));
        for (const [index, own] of releases.entries()) {
          for (const other of [releases[index - 1], releases[index + 1]]) {
            if (other === undefined) continue;
            const base = index > 0 && other === releases[index - 1] ? other : own;
            const os: OsRelease = { id, name: id, idLike: [], versionId: versionId(base) };
            const fixed = byRelease.get(own)!.flatMap(({ ranges }) => ranges.flatMap(fixesOf));
            for (const version of [...new Set(fixed)].slice(0, 3)) {
              const pkg: PackageRecord = { type, name, version, source: { name, version }, licenses: [], foundIn: '' };
              const suites = [suiteOfRelease(own), suiteOfRelease(other)];
              const possible = suitesOfPackage(os, pkg, [{ suites, pins: [], isBase: true }]);
              const qualified = {
                ...pkg,
                ...(possible.length > 0 && { qualifiers: { repository_id: possible.join() } }),
              };
              const expected = matchPackage(pkg, { ecosystem, release: own, names: [name] }, entries);
              const found = matchPackage(qualified, advisoryKeyOf(qualified, os)!, entries);
              const truth = new Set(expected.flatMap(({ vulnerabilityIds }) => vulnerabilityIds));
              const reported = new Set(found.flatMap(({ vulnerabilityIds }) => vulnerabilityIds));
              const extra = found.filter(({ vulnerabilityIds }) => !vulnerabilityIds.some((each) => truth.has(each)));
              counts.versions += 1;
              counts.affected += truth.size;
              counts.missed += [...truth].filter((each) => !reported.has(each)).length;
              counts.added += extra.length;
              if (possible.length > 1) {
                counts.unmarked += extra.filter(({ evidence }) => evidence.possibleReleases === undefined).length;
              }
            }
          }
        }
      }
      stdout.write(`second release, ${ecosystem}: ${JSON.stringify(counts)}\n`);
      expect(counts.versions).toBeGreaterThan(1_000);
      expect(counts.missed / counts.affected).toBeLessThanOrEqual(tolerated);
      expect(counts.unmarked).toBe(0);
    },
    120_000,
  );
});
