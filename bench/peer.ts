/**
 * Compares packages and vulnerabilities of whole images with Trivy's, with the same records for
 * both. Fails on a difference that `peer/differences.ts` does not explain. See README.md.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env, execPath } from 'node:process';
import { promisify } from 'node:util';

import { type OsvAdvisory, readOsvRecord, vulnerabilitiesOf } from '@tidewaiter/advisories';

import { allAdvisories } from './osv-store.ts';
import { type Difference, explanationOf } from './peer/differences.ts';
import { probesFor } from './peer/probes.ts';
import { type ComparedReport, readOwnReport, readTrivyReport } from './peer/reports.ts';
import { writeTrivyCache } from './peer/trivy-database.ts';

const run = promisify(execFile);
const tidewaiter = resolve(import.meta.dirname, '../cli/dist/main.js');
const { TIDEWAITER_CORPUS: corpus, TRIVY: trivy, KEEP: kept } = env;
const usual = [
  'debian-12-big debian-12-min distroless-like python-app node-app java-app java-war go-app rust-app',
  'alpine-3.10 alpine-3.14 alpine-3.18 alpine-3.20 rpm-mariner2-sqlite rpm-sle15-ndb rpm-bdb-many',
].join(' ');
const images = (env['IMAGES'] ?? usual).split(' ');
if (corpus === undefined || trivy === undefined) {
  console.error('TIDEWAITER_CORPUS must name a folder with OCI layouts in oci/NAME, and TRIVY the program');
  process.exit(64);
}

const scratch = kept ?? (await mkdtemp(join(tmpdir(), 'tidewaiter-peer-')));
const cache = join(scratch, 'own');
const advisories = join(cache, 'advisories.db');
const peer = join(scratch, 'trivy');
const idsFile = join(scratch, 'ids.json');
try {
  if (!existsSync(idsFile)) await prepare(await probesOfImages());
  const known = JSON.parse(await readFile(idsFile, 'utf8')) as Record<string, string[]>;
  const idsOf = (entry: string) => {
    const id = entry.replace(/#\d+$/, '');
    return known[id] ?? [id];
  };
  let unexplained = 0;
  for (const image of images) unexplained += compare(image, await scanned(image, 'judged', idsOf));
  console.log(`\n${unexplained} differences without an explanation`);
  process.exitCode = unexplained === 0 ? 0 : 1;
} finally {
  if (kept === undefined) await rm(scratch, { recursive: true });
}

/** Scans once for the packages, without any advisories. */
async function probesOfImages(): Promise<Map<string, object>> {
  await writeTrivyCache(peer, records(new Map(), []));
  await mkdir(cache, { recursive: true });
  const probes = new Map<string, object>();
  for (const image of images) {
    const { ours, theirs } = await scanned(image, 'listed', (entry) => [entry]);
    for (const [id, probe] of probesFor([...ours.packages, ...theirs.packages], ours.os)) probes.set(id, probe);
  }
  return probes;
}

/** Fills both databases with the shared advisories and the probes. */
async function prepare(probes: ReadonlyMap<string, object>): Promise<void> {
  const shared = resolve(env['TIDEWAITER_SHARED'] ?? '../shared', 'advisories/osv');
  const folder = join(scratch, 'probes');
  await mkdir(folder, { recursive: true });
  for (const [id, probe] of probes) await writeFile(join(folder, `${id}.json`), JSON.stringify(probe));
  await run(execPath, [tidewaiter, 'advisories', 'import', shared, folder, '--quiet', '--advisories', advisories]);
  const ids: Record<string, string[]> = {};
  await writeTrivyCache(peer, records(probes, allAdvisories(), ids));
  await writeFile(idsFile, JSON.stringify(ids));
}

async function* records(
  probes: ReadonlyMap<string, object>,
  others: AsyncIterable<OsvAdvisory> | readonly OsvAdvisory[],
  ids: Record<string, string[]> = {},
): AsyncGenerator<OsvAdvisory> {
  for await (const advisory of others) {
    ids[advisory.id] = vulnerabilitiesOf(advisory);
    yield advisory;
  }
  for (const probe of probes.values()) yield readOsvRecord(probe);
}

type Scans = Record<'ours' | 'theirs', ComparedReport> & { ours: ReturnType<typeof readOwnReport> };

/** Reports of both, of an earlier run if they were kept. */
async function scanned(image: string, step: string, idsOf: (entry: string) => readonly string[]): Promise<Scans> {
  const layout = `${corpus}/oci/${image}`;
  const [ours, theirs] = ['own', 'trivy'].map((name) => join(scratch, `${image}-${step}-${name}.json`)) as [
    string,
    string,
  ];
  if (!existsSync(ours)) {
    const options = ['--kinds', 'vulnerability', '--cache-dir', cache, '--offline', '--quiet', '-o', `json=${ours}`];
    const judged = step === 'judged' ? ['--advisories', advisories] : [];
    await run(execPath, [tidewaiter, 'scan', `oci:${layout}`, ...options, ...judged]);
  }
  if (!existsSync(theirs)) {
    const offline = ['--quiet', '--offline-scan', '--skip-db-update', '--skip-java-db-update', '--cache-dir', peer];
    const listed = ['--scanners', 'vuln', '--list-all-pkgs', '--format', 'json', '--output', theirs];
    await run(trivy!, ['image', ...offline, ...listed, '--input', layout]);
  }
  return {
    ours: readOwnReport(await readFile(ours, 'utf8')),
    theirs: readTrivyReport(await readFile(theirs, 'utf8'), idsOf),
  };
}

/** Prints the differences of an image; returns how many of them have no explanation. */
function compare(image: string, { ours, theirs }: Scans): number {
  const packages = [identitiesOf(ours), identitiesOf(theirs)] as const;
  const findings = [new Set(ours.findings), new Set(theirs.findings)] as const;
  const both = ([a, b]: readonly [ReadonlySet<string>, ReadonlySet<string>]) => a.intersection(b).size;
  console.log(`\n${image}: both have ${both(packages)} packages and ${both(findings)} findings`);
  const places = new Map(
    [...theirs.packages, ...ours.packages].map(({ identity, record }) => [identity, record.foundIn]),
  );
  const rows = [...differences('package', packages, places), ...differences('finding', findings, places)];
  const explained = Map.groupBy(rows, explanationOf);
  for (const [reason, { length }] of explained) if (reason !== undefined) console.log(`  ${length}  ${reason}`);
  const rest = explained.get(undefined) ?? [];
  for (const { kind, side, subject, place } of rest) console.log(`  ?  ${side} ${kind} ${subject} (${place})`);
  return rest.length;
}

function identitiesOf({ packages }: ComparedReport): Set<string> {
  return new Set(packages.map(({ identity }) => identity));
}

function differences(
  kind: Difference['kind'],
  [ours, theirs]: readonly [ReadonlySet<string>, ReadonlySet<string>],
  places: ReadonlyMap<string, string>,
): Difference[] {
  const of = (side: Difference['side'], subjects: ReadonlySet<string>) =>
    [...subjects].map((subject) => {
      const identity = subject.split(' ', 3).join(' ');
      return { kind, side, subject, place: places.get(identity) ?? '' };
    });
  return [...of('ours', ours.difference(theirs)), ...of('trivy', theirs.difference(ours))];
}
