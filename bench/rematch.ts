/**
 * Cost of a new advisory in a large fleet: from its commit to `finding.opened`, rematching the
 * whole fleet, and the query for the places of a vulnerability. The fleet is generated: real names
 * and versions, images on shared bases. See README.md.
 */
import { loadavg } from 'node:os';
import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { type OsvAdvisory, readOsvRecord } from '@tidewaiter/advisories';
import { analysisVersion } from '@tidewaiter/analyzers';
import { Secret } from '@tidewaiter/domain';
import { start } from '@tidewaiter/scanner';
import { Advisories, blastRadiiOf, connect, Store } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

import { importEverything } from './osv-store.ts';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '10000' },
    packages: { type: 'string', default: '400' },
    distinct: { type: 'string', default: '20000' },
  },
});
const images = Number(values.images);
const packagesPerImage = Number(values.packages);
const distinct = Number(values.distinct);
/** Number of packages that all images on one base share; the others are the image's own. */
const sharedPackages = Math.floor(packagesPerImage * 0.75);
const bases = 50;

await using closing = new AsyncDisposableStack();
const servers = await throwAwayServers({ postgres: true, nats: true, redis: true }, { fsync: true });
closing.defer(async () => servers.stop());
const url = await servers.postgres.createDatabase();
const database = await connect({ url: new Secret(url), poolSize: 4, name: 'bench' });
closing.defer(async () => database.destroy());
const store = new Store(database, 'bench');
const advisories = new Advisories(store);

console.log(`load average before: ${loadavg()[0]?.toFixed(1)}`);
await timed('the store of advisories is loaded', async () => importEverything(advisories));
await timed(`a fleet of ${images} images with ${images * packagesPerImage} packages is generated`, seedFleet);
await store.query('DELETE FROM outbox');
await store.query('VACUUM ANALYZE');

const scanner = await start({
  TIDEWAITER_DATABASE_URL: url,
  TIDEWAITER_NATS_URL: servers.nats.url,
  TIDEWAITER_REDIS_URL: servers.redis.url,
  TIDEWAITER_HTTP_PORT: '0',
  TIDEWAITER_LOG_LEVEL: 'warn',
});
closing.defer(async () => scanner.stop());

// The starting service finds every package unmatched (`matched_by` 0), and matches all again.
const rematchedMs = await timed('the whole fleet is matched anew', async () => {
  await until(async () => (await count('SELECT count(*)::int AS count FROM package WHERE matched_by = 0')) === 0);
});
console.log(`matches: ${await count('SELECT count(*)::int AS count FROM package_match')}`);
const before = process.memoryUsage.rss();
const opened = createHistogram();
for (let turn = 0; turn < 10; turn += 1) opened.record(Math.round(await openFinding(turn)));
const asked = createHistogram();
for (const vulnerability of await someVulnerabilities(200)) asked.record(Math.round(await ask(vulnerability)));

console.table({
  'advisory committed to finding.opened, ms': percentiles(opened),
  'where a vulnerability is, ms': percentiles(asked),
  'whole fleet matched anew, ms': { p50: Math.round(rematchedMs), p95: null, max: null },
});
console.log(`memory: ${mib(before)} MiB before, ${mib(process.memoryUsage.rss())} MiB after the advisories`);

/** Package names of real advisories, with versions that some of them affect, as in fleets. */
async function seedFleet(): Promise<void> {
  await store.query(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses, ecosystem, release, advisory_names, matched_by)
     SELECT 'pkg:' || type || '/' || name || '@' || version, type, name, version, name, version, '{}', ecosystem, release, ARRAY[name], 0
     FROM (
       SELECT DISTINCT ecosystem, CASE ecosystem WHEN 'Debian' THEN '12' END AS release, name,
         CASE ecosystem WHEN 'Debian' THEN 'deb' WHEN 'npm' THEN 'npm' WHEN 'PyPI' THEN 'pypi' ELSE 'maven' END AS type
       FROM advisory_package WHERE ecosystem IN ('Debian', 'npm', 'PyPI', 'Maven') AND (release = '12' OR release IS NULL)) AS named,
       generate_series(0, 9) AS major,
       LATERAL (SELECT major || CASE ecosystem WHEN 'Debian' THEN '.2-1' ELSE '.2.1' END AS version) AS at
     ORDER BY md5(name || version) LIMIT $1`,
    [distinct],
  );
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzers_version, analyzed_at)
     SELECT digest, 'application/vnd.oci.image.manifest.v1+json', digest, 'linux/amd64', '{}', $2, now()
     FROM generate_series(1, $1::int) AS number, LATERAL (SELECT 'sha256:' || encode(sha256(number::text::bytea), 'hex') AS digest) AS named`,
    // Current analyzers version, so that no image is analyzed again.
    [images, analysisVersion({ isInspected: true })],
  );
  const total = await count('SELECT count(*)::int AS count FROM package');
  for (let first = 1; first <= images; first += 200) {
    await store.query(
      `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
       SELECT 'sha256:' || encode(sha256(number::text::bytea), 'hex'), id, 0, 'present', 'var/lib/dpkg/status'
       FROM generate_series($1::int, $2::int) AS number, generate_series(1, $3::int) AS nth,
         LATERAL (SELECT CASE WHEN nth <= $4 THEN (number % ${bases}) * $4 + nth ELSE number * 7 + nth * 31 END AS seed) AS chosen,
         LATERAL (SELECT 1 + seed % $5::int AS id) AS package
       ON CONFLICT DO NOTHING`,
      [first, Math.min(first + 199, images), packagesPerImage, sharedPackages, total],
    );
  }
  await store.query(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, digest, verdict, registry_host, finished_at)
     SELECT gen_random_uuid(), 'main', 'shop/app-' || (row_number() OVER () % 500), row_number() OVER (), 'image', 'analyzed', digest,
       'pass', 'registry.example.com', now() FROM image`,
  );
  await store.query('INSERT INTO push_image (push_id, image_digest) SELECT id, digest FROM push');
  await store.query(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position)
     SELECT connection, repository, tag, digest, id, received_at, row_number() OVER (PARTITION BY connection, repository, tag ORDER BY id) FROM push`,
  );
}

/**
 * Publishes an advisory about all versions of a package that a fiftieth of the fleet has by its
 * base; returns the milliseconds until `finding.opened`.
 */
async function openFinding(turn: number): Promise<number> {
  const [common] = await store.query<{ ecosystem: string; release: string | null; name: string }>(
    `SELECT ecosystem, release, name FROM package WHERE id = $1`,
    [turn * sharedPackages + 1],
  );
  const { ecosystem, release, name } = common!;
  const qualified = release === null ? ecosystem : `${ecosystem}:${release}`;
  const record = {
    id: `BENCH-${turn}`,
    modified: new Date().toISOString(),
    summary: 'a hole',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [
      { package: { ecosystem: qualified, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] },
    ],
  };
  await advisories.put([readOsvRecord(record) satisfies OsvAdvisory]);
  const began = performance.now();
  await until(
    async () => (await count(`SELECT count(*)::int AS count FROM outbox WHERE subject = 'BENCH-${turn}'`)) > 0,
  );
  return performance.now() - began;
}

async function someVulnerabilities(limit: number): Promise<string[]> {
  const rows = await store.query<{ id: string }>(
    `SELECT vulnerability_id AS id FROM package_match JOIN advisory ON advisory.id = advisory_id
     GROUP BY 1 ORDER BY md5(vulnerability_id) LIMIT $1`,
    [limit],
  );
  return rows.map(({ id }) => id);
}

async function ask(vulnerability: string): Promise<number> {
  const began = performance.now();
  await blastRadiiOf(store).of({ vulnerability }, { limit: 50 });
  return performance.now() - began;
}

async function count(sql: string): Promise<number> {
  const [row] = await store.query<{ count: number }>(sql);
  return row!.count;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(10);
}

async function timed(what: string, work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  const tookMs = performance.now() - began;
  console.log(`${what}: ${(tookMs / 1_000).toFixed(1)} s`);
  return tookMs;
}

function percentiles(histogram: ReturnType<typeof createHistogram>) {
  return { p50: histogram.percentile(50), p95: histogram.percentile(95), max: histogram.max };
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
