/**
 * Our advisories as the database of Trivy, so that both scanners evaluate with the same records.
 * @see https://github.com/aquasecurity/trivy-db, schema 2
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { AffectedPackage, OsvAdvisory, VersionRange } from '@tidewaiter/advisories';

import { boltFile, type Bucket } from './bolt-file.ts';

const source = 'the same records';

/** Prefixes of the buckets of languages, by ecosystem. */
const languages = new Map([
  ['Bitnami', 'bitnami'],
  ['ConanCenter', 'conan'],
  ['Go', 'go'],
  ['Hex', 'erlang'],
  ['Julia', 'julia'],
  ['Maven', 'maven'],
  ['NuGet', 'nuget'],
  ['Packagist', 'composer'],
  ['Pub', 'pub'],
  ['PyPI', 'pip'],
  ['RubyGems', 'rubygems'],
  ['SwiftURL', 'swift'],
  ['crates.io', 'cargo'],
  ['npm', 'npm'],
]);

/** Buckets of distributions, by ecosystem. */
const distributions = new Map<string, (release: string) => string>([
  ['AlmaLinux', (release) => `alma ${release}`],
  ['Alpine', (release) => `alpine ${release.replace(/^v/, '')}`],
  ['Azure Linux', (release) => (Number(release) < 3 ? `CBL-Mariner ${release}.0` : `Azure Linux ${release}.0`)],
  ['Debian', (release) => `debian ${release}`],
  ['Photon OS', (release) => `Photon OS ${release}`],
  ['Rocky Linux', (release) => `rocky ${release}`],
  ['SUSE', (release) => `SUSE Linux Enterprise ${release.replace(' SP', '.')}`],
  ['Ubuntu', (release) => `ubuntu ${release.replace(/:LTS$/, '')}`],
  ['Wolfi', () => 'wolfi'],
]);

/** Writes the cache of Trivy with these advisories, and an empty database of Java archives. */
export async function writeTrivyCache(folder: string, advisories: AsyncIterable<OsvAdvisory>): Promise<void> {
  await mkdir(join(folder, 'db'), { recursive: true });
  await mkdir(join(folder, 'java-db'), { recursive: true });
  await writeFile(join(folder, 'db/trivy.db'), boltFile(await bucketsOf(advisories)));
  await writeFile(join(folder, 'db/metadata.json'), metadata(2));
  await writeFile(join(folder, 'java-db/metadata.json'), metadata(1));
  const java = new DatabaseSync(join(folder, 'java-db/trivy-java.db'));
  java.exec(`CREATE TABLE IF NOT EXISTS artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);
    CREATE TABLE IF NOT EXISTS indices
      (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT, license TEXT)`);
  java.close();
}

function metadata(version: number): string {
  const [now, later] = ['2026-01-01T00:00:00Z', '2100-01-01T00:00:00Z'];
  return JSON.stringify({ Version: version, NextUpdate: later, UpdatedAt: now, DownloadedAt: now });
}

async function bucketsOf(advisories: AsyncIterable<OsvAdvisory>): Promise<Bucket> {
  const root: Bucket = new Map<string, Bucket | string>();
  // Titles and ratings: not compared, but a missing one costs a warning each.
  const details = inside(root, 'vulnerability');
  for await (const { id, withdrawn, affected } of advisories) {
    if (withdrawn !== null) continue;
    for (const [index, entry] of affected.entries()) {
      const place = placeOf(entry);
      if (place === undefined) continue;
      const [bucket, advisory] = place;
      const key = `${id}#${index}`;
      inside(inside(root, bucket), nameOf(entry)).set(key, JSON.stringify(advisory));
      details.set(key, '{}');
      inside(root, 'data-source').set(bucket, JSON.stringify({ ID: 'same', Name: source, URL: 'https://osv.dev' }));
    }
  }
  return root;
}

function inside(bucket: Bucket, name: string): Bucket {
  const known = bucket.get(name);
  if (known instanceof Map) return known;
  const added: Bucket = new Map<string, Bucket | string>();
  bucket.set(name, added);
  return added;
}

/** Modular packages of AlmaLinux have the name of their module before theirs. */
function nameOf({ ecosystem, name, module }: AffectedPackage): string {
  return ecosystem === 'AlmaLinux' && module !== undefined ? `${module}::${name}` : name;
}

/** Bucket and contents of an entry; undefined if Trivy knows no such ecosystem. */
function placeOf(entry: AffectedPackage): [bucket: string, advisory: object] | undefined {
  const language = languages.get(entry.ecosystem);
  if (language !== undefined) return [`${language}::${source}`, { VulnerableVersions: constraintsOf(entry) }];
  const bucket = distributions.get(entry.ecosystem)?.(entry.release ?? '');
  if (bucket === undefined || entry.stream !== undefined) return undefined;
  const fixed = entry.ranges.flatMap(({ events }) => events.flatMap((event) => ('fixed' in event ? event.fixed : [])));
  return [bucket, { FixedVersion: fixed.at(-1) ?? '' }];
}

/** As trivy-db converts OSV's ranges and versions. */
function constraintsOf({ ecosystem, ranges, versions }: AffectedPackage): string[] {
  // A pseudo-version of Go comes before every release, and so would come before 0.
  const lowest = ecosystem === 'Go' ? '0.0.0-0' : '0';
  return [...ranges.flatMap((range) => constraintsOfRange(range, lowest)), ...versions.map((version) => `=${version}`)];
}

function constraintsOfRange({ events }: VersionRange, lowest: string): string[] {
  const constraints: string[] = [];
  let start: string | undefined;
  for (const event of events) {
    if ('introduced' in event) {
      if (start !== undefined) constraints.push(start);
      start = `>=${event.introduced === '0' ? lowest : event.introduced}`;
      continue;
    }
    const end =
      'fixed' in event ? `<${event.fixed}` : 'last_affected' in event ? `<=${event.last_affected}` : undefined;
    if (start === undefined || end === undefined) continue;
    constraints.push(`${start}, ${end}`);
    start = undefined;
  }
  return start === undefined ? constraints : [...constraints, start];
}
