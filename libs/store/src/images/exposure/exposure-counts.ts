import { severities } from '@tidewaiter/domain';

import { type ColumnName, columnOf, type Entity } from '../../core/columns.js';
import { rankSql } from '../../core/lists.js';
import type { Transaction } from '../../core/store.js';
import { isRecent } from '../../workloads/workload-ledger.js';
import { FleetUpgradeRow, FleetVulnerabilityRow } from './exposure-rows.js';

/** Places of images that a tag points to: `image_digest`, `repository`. */
export const taggedPlaces = `SELECT image_digest, repository FROM (
    SELECT DISTINCT ON (connection, repository, tag) push_id, digest FROM tag_ledger
    ORDER BY connection, repository, tag, position DESC) AS entry
  JOIN push ON push.id = entry.push_id AND push.state = 'analyzed' JOIN push_image ON push_image.push_id = push.id
  WHERE entry.digest IS NOT NULL`;

/** Containers that run, or did in the last day, with their image, or the images of their index. */
export const runningContainers = `SELECT held.image_digest, cluster, coalesce(namespace, '') AS namespace, workload_kind, workload
  FROM container_ledger AS ledger, LATERAL (
    SELECT ledger.image_digest UNION SELECT push_image.image_digest FROM push JOIN push_image ON push_image.push_id = push.id
    WHERE push.digest = ledger.image_digest) AS held
  WHERE held.image_digest IS NOT NULL AND ${isRecent}`;

/** Name of the ecosystem of a row of `package`: `Debian:12`. */
const ecosystem = `(package.ecosystem || coalesce(':' || package.release, ''))`;

/** Order of vulnerabilities: running, KEV, EPSS score in tenths, fixable, severity. */
const riskOf = (of: { kev: string; epss: string; fixable: string; severity: string }) =>
  `((((coalesce(reach.running_images, 0) > 0)::int * 2 + (${of.kev})::int) * 11 + floor(coalesce(${of.epss}, 0) * 10)::int) * 2
    + (${of.fixable})::int) * 8 + ${rankSql(of.severity, severities)}`;

const worst = (severity: string) => `(array_agg(${severity} ORDER BY ${rankSql(severity, severities)} DESC))[1]`;

/** Images whose bits are together in one text of bits. */
const blockSize = 2_048;

/** Text of `size` bits, of which one is set. */
const bitAt = (bit: string, size: string | number) => `set_bit(repeat('0', ${size})::varbit, ${bit}, 1)`;

const numbered = (name: string, from: string) =>
  `SELECT ${name}, (row_number() OVER ())::int - 1 AS bit FROM (SELECT DISTINCT ${name} FROM ${from}) AS named`;

/** Names whose bits are set, in their order. */
const namesOf = (name: string, from: string, bits: string) =>
  `ARRAY(SELECT ${name} FROM ${from} WHERE get_bit(${bits}, bit) = 1 ORDER BY ${name})`;

const allBits = ['repositories', 'workloads', 'namespaces', 'clusters'];
const joinedBits = allBits.map((bits) => `bit_or(${bits}) AS ${bits}`).join(', ');

/**
 * Intermediate results. Images, repositories and workloads have numbers, and a bit each: those of a
 * package are joined once, and those of a vulnerability are the union of its packages'.
 * Vulnerabilities of the same packages are counted once as a set of packages, of which there are
 * far fewer. Blocks of images keep the work linear in their number.
 */
const steps: readonly (readonly [name: string, query: string])[] = [
  [
    'live_place',
    `WITH place AS (${taggedPlaces}), container AS (SELECT DISTINCT image_digest FROM (${runningContainers}) AS row)
   SELECT image_digest, repository FROM place
   UNION SELECT image_digest, repository FROM container JOIN push_image USING (image_digest) JOIN push ON push.id = push_id
   WHERE push.state = 'analyzed' AND image_digest NOT IN (SELECT image_digest FROM place)
   UNION SELECT image_digest, NULL FROM container JOIN image ON digest = image_digest
   WHERE NOT EXISTS (SELECT FROM push_image WHERE push_image.image_digest = container.image_digest)`,
  ],
  [
    'live_image',
    `SELECT image_digest, (row_number() OVER ())::int - 1 AS number,
     image_digest IN (SELECT image_digest FROM (${runningContainers}) AS container) AS is_running,
     coalesce((SELECT min(received_at) FROM push_image AS brought JOIN push ON push.id = push_id
       WHERE brought.image_digest = live.image_digest), now()) AS first_pushed
   FROM (SELECT DISTINCT image_digest FROM live_place) AS live`,
  ],
  ['live_repository', numbered('repository', 'live_place WHERE repository IS NOT NULL')],
  [
    'live_container',
    `SELECT DISTINCT number, cluster, namespace, CASE WHEN workload IS NOT NULL
       THEN (dense_rank() OVER (ORDER BY cluster, namespace, workload_kind, workload))::int - 1 END AS workload
   FROM live_image JOIN (${runningContainers}) AS container USING (image_digest)`,
  ],
  ['live_namespace', numbered('namespace', `live_container WHERE namespace <> ''`)],
  ['live_cluster', numbered('cluster', `live_container WHERE cluster <> ''`)],
  [
    'image_reach',
    `WITH repository AS (
     SELECT image_digest, bit_or(${bitAt('bit', '(SELECT count(*)::int FROM live_repository)')}) AS repositories
     FROM live_place JOIN live_repository USING (repository) GROUP BY image_digest),
   container AS (
     SELECT number, bit_or(${bitAt('workload', '(SELECT max(workload) + 1 FROM live_container)')}) AS workloads,
       bit_or(${bitAt('live_namespace.bit', '(SELECT count(*)::int FROM live_namespace)')}) AS namespaces,
       bit_or(${bitAt('live_cluster.bit', '(SELECT count(*)::int FROM live_cluster)')}) AS clusters
     FROM live_container LEFT JOIN live_namespace USING (namespace) LEFT JOIN live_cluster USING (cluster) GROUP BY number)
   SELECT number, number / ${blockSize} AS block, ${bitAt(`number % ${blockSize}`, blockSize)} AS image, is_running, first_pushed,
     ${allBits.join(', ')}
   FROM live_image LEFT JOIN repository USING (image_digest) LEFT JOIN container USING (number)`,
  ],
  ['running_block', `SELECT block, bit_or(image) FILTER (WHERE is_running) AS running FROM image_reach GROUP BY block`],
  [
    'live_package',
    `SELECT package_id, number FROM image_package JOIN live_image USING (image_digest)
   WHERE state = 'present' AND package_id IN (SELECT package_id FROM package_vulnerability)`,
  ],
  [
    'package_reach',
    `SELECT package_id, block, bit_or(image) AS images, min(first_pushed) AS first_pushed, ${joinedBits}
   FROM live_package JOIN image_reach USING (number) GROUP BY package_id, block`,
  ],
  [
    'live_vulnerability',
    `SELECT package_vulnerability.* FROM package_vulnerability
   WHERE package_id IN (SELECT package_id FROM package_reach)`,
  ],
  [
    'vulnerability_set',
    `SELECT vulnerability_id, array_agg(package_id ORDER BY package_id) AS packages
   FROM live_vulnerability GROUP BY vulnerability_id`,
  ],
  [
    'upgrade_set',
    `SELECT package.type, ${ecosystem} AS ecosystem, package.source_name, upgrade_to,
     array_agg(DISTINCT package.id ORDER BY package.id) AS packages, array_agg(DISTINCT package.version) AS versions,
     array_agg(DISTINCT package.name) AS names, array_agg(DISTINCT vulnerability_id) AS vulnerabilities,
     concat_ws(' ', package.type, ${ecosystem}, package.source_name, upgrade_to) AS id
   FROM live_vulnerability JOIN package ON package.id = package_id WHERE upgrade_to IS NOT NULL GROUP BY 1, 2, 3, 4`,
  ],
  [
    'package_set',
    `SELECT packages, (row_number() OVER ())::int AS set_number
   FROM (SELECT packages FROM vulnerability_set UNION SELECT packages FROM upgrade_set) AS each`,
  ],
  [
    'set_reach',
    `SELECT set_number, block, bit_or(images) AS images, min(first_pushed) AS first_pushed, ${joinedBits}
   FROM package_set, unnest(packages) AS package_id JOIN package_reach USING (package_id) GROUP BY set_number, block`,
  ],
  [
    'reach',
    `WITH counted AS (
     SELECT set_number, sum(bit_count(images))::int AS images, coalesce(sum(bit_count(images & running)), 0)::int AS running_images,
       min(first_pushed) AS first_pushed, ${joinedBits}
     FROM set_reach JOIN running_block USING (block) GROUP BY set_number)
   SELECT packages, images, first_pushed,
     CASE WHEN is_reported THEN running_images END AS running_images,
     CASE WHEN is_reported THEN coalesce(bit_count(workloads), 0)::int END AS workloads,
     ${namesOf('repository', 'live_repository', 'repositories')} AS repositories,
     ${namesOf('namespace', 'live_namespace', 'namespaces')} AS namespaces,
     ${namesOf('cluster', 'live_cluster', 'clusters')} AS clusters
   FROM package_set JOIN counted USING (set_number),
   LATERAL (SELECT EXISTS (SELECT FROM container_ledger) AS is_reported) AS report`,
  ],
  [
    'counted_vulnerability',
    `WITH described AS (
     SELECT vulnerability_id,
       (array_agg(kind ORDER BY array_position('{malware,vulnerability,supply-chain}'::text[], kind)))[1] AS kind,
       ${worst('severity')} AS severity, bool_or(upgrade_to IS NOT NULL) AS fixable, bool_or(is_certain) AS certain,
       array_agg(DISTINCT package.name) AS packages,
       coalesce(array_agg(DISTINCT ${ecosystem}) FILTER (WHERE package.ecosystem IS NOT NULL), '{}') AS ecosystems,
       array_agg(DISTINCT advisory_id) AS advisories
     FROM live_vulnerability JOIN package ON package.id = package_id GROUP BY vulnerability_id),
   decided AS (
     SELECT described.vulnerability_id, min(published) AS published, max(cvss_score) AS cvss,
       (array_agg(title ORDER BY cardinality(aliases), advisory.id))[1] AS title
     FROM described JOIN advisory ON advisory.id = ANY(advisories) GROUP BY 1),
   alias AS (
     SELECT described.vulnerability_id, array_agg(DISTINCT named) AS aliases
     FROM described JOIN advisory ON advisory.id = ANY(advisories), unnest(aliases || advisory.id) AS named
     -- A whole update has other CVEs among its aliases.
     WHERE named <> described.vulnerability_id AND (named NOT LIKE 'CVE-%' OR described.vulnerability_id NOT LIKE 'CVE-%')
     GROUP BY 1)
   SELECT described.*, published, title, coalesce(aliases, '{}') AS aliases, exploited.kev, exploited.epss,
     coalesce(cvss, (SELECT max(cvss_score) FROM advisory
       WHERE advisory.vulnerability_id = described.vulnerability_id AND withdrawn IS NULL)) AS cvss
   FROM described JOIN decided USING (vulnerability_id) LEFT JOIN alias USING (vulnerability_id),
   LATERAL (
     SELECT count(kev.cve) > 0 AS kev, max(score) AS epss
     FROM unnest(array_append(aliases, vulnerability_id)) AS named LEFT JOIN kev ON kev.cve = named LEFT JOIN epss ON epss.cve = named
     WHERE named LIKE 'CVE-%') AS exploited`,
  ],
];

/** Steps whose long arrays would cost more to sample than the planner gains. */
const unsampled: ReadonlySet<string> = new Set([
  ...['live_place', 'package_reach', 'vulnerability_set', 'upgrade_set', 'set_reach'],
]);

/** SQL expressions of the columns of a row. */
type Expressions<Row> = Readonly<Record<ColumnName<Row>, string>>;

const reached = {
  images: 'reach.images',
  runningImages: 'reach.running_images',
  workloads: 'reach.workloads',
  repositories: 'reach.repositories',
  namespaces: 'reach.namespaces',
  clusters: 'reach.clusters',
};

const vulnerability: Expressions<FleetVulnerabilityRow> = {
  id: 'vulnerability_id',
  kind: 'counted.kind',
  title: 'counted.title',
  severity: 'counted.severity',
  aliases: 'counted.aliases',
  cvss: 'counted.cvss',
  published: 'counted.published',
  kev: 'counted.kev',
  epss: 'counted.epss',
  fixable: 'counted.fixable',
  certain: 'counted.certain',
  packages: 'counted.packages',
  ecosystems: 'counted.ecosystems',
  ...reached,
  firstSeen: 'least(before.first_seen, greatest(first_pushed, counted.published))',
  goneAt: 'NULL::timestamptz',
  risk: riskOf({
    kev: 'counted.kev',
    epss: 'counted.epss',
    fixable: 'counted.fixable',
    severity: 'counted.severity',
  }),
};

const upgrade: Expressions<FleetUpgradeRow> = {
  id: 'id',
  type: 'type',
  ecosystem: 'ecosystem',
  package: 'source_name',
  fromVersions: 'versions',
  toVersion: 'upgrade_to',
  packages: 'names',
  vulnerabilities: 'vulnerabilities',
  severity: 'closed.severity',
  kev: 'closed.kev',
  epss: 'closed.epss',
  ...reached,
  risk: riskOf({ kev: 'closed.kev', epss: 'closed.epss', fixable: 'true', severity: 'closed.severity' }),
};

const vulnerabilities = `counted_vulnerability AS counted JOIN vulnerability_set USING (vulnerability_id)
  JOIN reach ON reach.packages = vulnerability_set.packages`;

const upgrades = `upgrade_set JOIN reach USING (packages), LATERAL (
  SELECT ${worst('severity')} AS severity, bool_or(kev) AS kev, max(epss) AS epss
  FROM counted_vulnerability WHERE vulnerability_id = ANY(vulnerabilities)) AS closed`;

/**
 * The counts of all that a statement sees, as queries of its head under the names of the tables:
 * they count what lies within the limits of a caller. When a vulnerability was first seen and which
 * ones are gone is known of the whole fleet only.
 */
export const exposureQueries: readonly (readonly [name: string, query: string])[] = [
  ...steps,
  [
    'fleet_vulnerability',
    `SELECT ${aliased(FleetVulnerabilityRow, { ...vulnerability, firstSeen: 'greatest(first_pushed, counted.published)' })}
     FROM ${vulnerabilities}`,
  ],
  ['fleet_upgrade', `SELECT ${aliased(FleetUpgradeRow, upgrade)} FROM ${upgrades}`],
];

function aliased<Row extends object>(entity: Entity<Row>, expressions: Expressions<Row>): string {
  const columns = Object.entries<string>(expressions);
  return columns.map(([property, sql]) => `${sql} AS ${columnOf(entity, property).name}`).join(', ');
}

/** Inserts rows, and updates those that differ. */
function upsert<Row extends object>(
  entity: Entity<Row>,
  expressions: Expressions<Row>,
  insert: string,
  from: string,
): string {
  const names = (Object.keys(expressions) as ColumnName<Row>[]).map((property) => columnOf(entity, property).name);
  const listed = (prefix: string) => names.map((name) => `${prefix}${name}`).join(', ');
  return `${insert} AS known (${listed('')}) SELECT ${Object.values(expressions).join(', ')} FROM ${from}
    ON CONFLICT (id) DO UPDATE SET ${names.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}
    WHERE (${listed('known.')}) IS DISTINCT FROM (${listed('EXCLUDED.')})`;
}

const putVulnerabilities = upsert(
  FleetVulnerabilityRow,
  vulnerability,
  'INSERT INTO fleet_vulnerability',
  `${vulnerabilities} LEFT JOIN fleet_vulnerability AS before ON before.id = vulnerability_id`,
);

const putUpgrades = upsert(FleetUpgradeRow, upgrade, 'INSERT INTO fleet_upgrade', upgrades);

/** Counts the images and workloads of everything, and writes the rows that changed. */
export async function countExposure(tx: Transaction): Promise<void> {
  await tx.query(`SET LOCAL work_mem = '64MB'`);
  for (const [name, query] of steps) {
    await tx.query(`CREATE TEMPORARY TABLE ${name} ON COMMIT DROP AS ${query}`);
    if (!unsampled.has(name)) await tx.query(`ANALYZE ${name}`);
  }
  await tx.query(putVulnerabilities);
  await tx.query(`UPDATE fleet_vulnerability SET gone_at = now(), images = 0, running_images = running_images * 0,
      workloads = workloads * 0, repositories = '{}', namespaces = '{}', clusters = '{}', risk = 0
    WHERE gone_at IS NULL AND id NOT IN (SELECT vulnerability_id FROM counted_vulnerability)`);
  await tx.query(putUpgrades);
  await tx.query('DELETE FROM fleet_upgrade WHERE id NOT IN (SELECT id FROM upgrade_set)');
}
