import { Injectable } from '@nestjs/common';
import {
  type Exploitation,
  type Hit,
  packageFindings,
  type Rating,
  type VulnerablePackage,
  withoutRepeated,
} from '@tidewaiter/advisories';
import { groupSecrets, linkedIn } from '@tidewaiter/analyzers';
import {
  compareSeverity,
  type Digest,
  type Finding,
  type FixState,
  type LinkedNames,
  type PackageType,
  type Severity,
} from '@tidewaiter/domain';
import { layerNotAnalyzed } from '@tidewaiter/integrity';

import { AdvisoryRow, PackageMatchRow } from '../advisories/advisory-rows.js';
import { exploitationOf } from '../advisories/exploitation.js';
import { columnsOf, type RowOf } from '../core/columns.js';
import { type Queries, Store } from '../core/store.js';
import { isRecent, runningAmong, usesAmong, workloadNames } from '../workloads/workload-ledger.js';
import { endsOfSupport, endsOfSupportVersion, haveDatedProducts } from './ends-of-support.js';
import { ImageFindingRow } from './image-rows.js';
import { unreadLayersOf } from './layer-failures.js';
import { ImageLayerRow, LayerRow } from './layer-rows.js';
import { ImagePackageRow, PackageRow } from './package-rows.js';
import { isCurrent, type RepositoryPlace } from './pushes/pushes.js';

/** A finding, and the image of a push that has it. */
export interface ImageFinding extends Finding, Exploitation, Use {
  imageDigest: Digest;
}

/**
 * Runtime use of the image and package of a finding. Null while no sensor reports it; false does
 * not prove that it is unused.
 */
export interface Use {
  /** Whether a workload runs the image, or did in the last day. */
  running: boolean | null;
  /** Whether the package was seen to be executed or loaded in this image. */
  inUse: boolean | null;
}

/** A package of an image that a tag points to, or that runs without such a tag. */
export interface PackagePlace {
  registry: string;
  repository: string;
  /** Tag of the image, or its last one if none points to it now; null if it never had one. */
  tag: string | null;
  /** Whether the tag points to the image. */
  isTagged: boolean;
  digest: Digest;
  packageName: string;
  packageType: PackageType;
  installedVersion: string;
  /** `unknown`: the version could not be compared. */
  match: PackageMatchRow['state'];
  fix: { state: FixState; version: string | null };
  /** Purl of the package; one of several if it has several architectures. */
  purl: string;
  /**
   * Whether a workload runs the image, or did in the last day; null while no sensor reports
   * containers.
   */
  running: boolean | null;
  /** Some of the workloads that run it: `payments/Deployment/api`. */
  workloads: string[];
}

/** Place in which images are evaluated: findings about other tags do not apply. */
export interface FindingPlace extends RepositoryPlace {
  tag?: string | null;
}

/** Columns of `package_match` and `advisory` from which {@link hitOf} makes a hit. */
export const hitColumns = columnsOf(PackageMatchRow, {
  of: 'package_match',
  only: ['advisoryId', 'fixState', 'fixVersion', 'vulnerabilityIds', 'evidence'],
})
  .and(
    columnsOf(AdvisoryRow, {
      of: 'advisory',
      only: ['vulnerabilityId', 'aliases', 'title', 'published', 'cvssVector', 'cvssScore'],
    }),
  )
  .computed<{ match: PackageMatchRow['state']; severity: Severity }>({
    match: 'package_match.state',
    severity: 'coalesce(package_match.severity, advisory.severity)',
  });

const columns = columnsOf(ImagePackageRow, { of: 'image_package', only: ['imageDigest', 'layer', 'state', 'foundIn'] })
  .and(columnsOf(PackageRow, { of: 'package', only: ['purl'] }))
  .and(hitColumns)
  .computed<{ packageType: PackageType; packageName: string; installedVersion: string }>({
    packageType: 'package.type',
    packageName: 'package.name',
    installedVersion: 'package.version',
  });

type FindingRow = RowOf<typeof columns>;

const ratingColumns = columnsOf(AdvisoryRow, { only: ['vulnerabilityId', 'severity'] }).computed<
  Pick<Rating, 'advisoryId' | 'cvss'>
>({
  advisoryId: 'id',
  cvss: "CASE WHEN cvss_vector IS NOT NULL THEN json_build_object('vector', cvss_vector, 'score', cvss_score) END",
});
const programColumns = columnsOf(ImageLayerRow, { only: ['imageDigest'] }).and(
  columnsOf(LayerRow, { only: ['linkedPrograms'] }),
);
const imageFindingColumns = columnsOf(ImageFindingRow, { only: ['imageDigest', 'finding'] });
const aliasesOnly = columnsOf(AdvisoryRow, { only: ['aliases'] });

/**
 * Findings of images. Vulnerabilities are not stored by image: they follow from packages and
 * matches.
 */
@Injectable()
export class Findings {
  constructor(private readonly store: Store) {}

  /**
   * Findings of some images under one tag of a repository, or under any. Sorted by: running, in
   * use, not unreachable, exploited, EPSS score, fixable, severity.
   * @param now time by which the end of support is decided
   */
  async of(imageDigests: readonly Digest[], place?: FindingPlace, now = new Date()): Promise<ImageFinding[]> {
    return (await this.withRunning(imageDigests, place, now)).findings;
  }

  /**
   * {@link of}, with those of the images that a workload runs, or did in the last day; null while
   * no sensor reports containers.
   */
  async withRunning(
    imageDigests: readonly Digest[],
    place?: FindingPlace,
    now = new Date(),
  ): Promise<{ findings: ImageFinding[]; running: ReadonlySet<Digest> | null }> {
    if (imageDigests.length === 0) return { findings: [], running: null };
    const [rows, others, { running, useOf }, unread, ended] = await Promise.all([
      this.store.rows(
        columns,
        `FROM image_package
         JOIN package ON package.id = package_id
         JOIN package_match USING (package_id)
         JOIN advisory ON advisory.id = advisory_id
         WHERE image_digest = ANY($1) AND advisory.withdrawn IS NULL`,
        [imageDigests],
      ),
      this.store.rows(
        imageFindingColumns,
        `FROM image_finding WHERE image_digest = ANY($1)
         UNION ALL SELECT image_digest, finding FROM repository_finding
         WHERE image_digest = ANY($1) AND ($2::text IS NULL OR (connection, repository) = ($2, $3)
           AND (tag IS NULL OR tag = $4))`,
        [imageDigests, place?.connection ?? null, place?.repository ?? null, place?.tag ?? null],
      ),
      this.#uses(imageDigests),
      unreadLayersOf(this.store, imageDigests, place),
      endsOfSupport(this.store, imageDigests, now),
    ]);
    const notExploited = { kev: false, epss: null };
    const unreadFindings = unread.map(({ imageDigest, ...layer }) => ({
      imageDigest,
      finding: layerNotAnalyzed(layer),
    }));
    const findings = [...grouped(others), ...unreadFindings, ...ended].map(({ imageDigest, finding }) => ({
      ...finding,
      ...notExploited,
      ...useOf(imageDigest, finding.packageName),
      imageDigest,
    }));
    const ratings = await ratingsOf(
      this.store,
      rows.flatMap(({ vulnerabilityIds }) => vulnerabilityIds),
    );
    const programs = await this.#programs(rows);
    const vulnerabilities = [...Map.groupBy(rows, occurrence).values()].flatMap((about) => {
      const { imageDigest } = about[0]!;
      const found = packageFindings(
        packageOf(about[0]!),
        about.map(hitOf),
        (id) => ratings.get(id) ?? [],
        programs.get(imageDigest),
      );
      return found.map((each) => ({ ...each, imageDigest }));
    });
    const exploitation = await exploitationOf(this.store, vulnerabilities);
    const known = vulnerabilities.map((each, index) => ({
      ...each,
      ...(exploitation[index] ?? notExploited),
      ...useOf(each.imageDigest, each.packageName),
    }));
    const once = [...Map.groupBy(known, ({ imageDigest }) => imageDigest).values()].flatMap(withoutRepeated);
    return { findings: [...once, ...findings].toSorted(byRisk), running };
  }

  /** Whether any of these images has a product whose support may end. */
  async haveDatedProducts(imageDigests: readonly Digest[]): Promise<boolean> {
    return haveDatedProducts(this.store, imageDigests);
  }

  /** Version of the ends of support, which change with their data and from day to day. */
  async endsOfSupportVersion(now: Date): Promise<string> {
    return endsOfSupportVersion(this.store, now);
  }

  /** Names of the code in the programs of those images for which an advisory lists functions. */
  async #programs(rows: readonly FindingRow[]): Promise<ReadonlyMap<Digest, LinkedNames[]>> {
    const asking = rows.filter(({ evidence }) => evidence.imports !== undefined);
    const digests = [...new Set(asking.map(({ imageDigest }) => imageDigest))];
    if (digests.length === 0) return new Map();
    const layers = await this.store.rows(
      programColumns,
      // As in `Images.layers`, only a blob that was found to hold a layer speaks for it.
      `FROM image_layer JOIN layer_blob USING (blob_digest, size_bytes, diff_id) JOIN layer USING (diff_id)
       WHERE image_digest = ANY($1) AND linked_programs IS NOT NULL`,
      [digests],
    );
    const byImage = Map.groupBy(layers, ({ imageDigest }) => imageDigest);
    return new Map(
      [...byImage].map(([digest, own]) => [
        digest,
        own.flatMap(({ linkedPrograms }) => (linkedPrograms ?? []).map(linkedIn)),
      ]),
    );
  }

  /** Returns the images that run, and a function that looks up the use of a package of an image. */
  async #uses(imageDigests: readonly Digest[]): Promise<{
    running: ReadonlySet<Digest> | null;
    useOf: (digest: Digest, packageName: string | null) => Use;
  }> {
    const { running, used } = await usesAmong(this.store, imageDigests);
    const useOf = (digest: Digest, packageName: string | null) => ({
      running: running && running.has(digest),
      inUse: packageName === null ? null : (used.get(digest)?.has(packageName) ?? null),
    });
    return { running, useOf };
  }

  /**
   * Places of packages in tagged and in running images, with the fix that an advisory gives for
   * them.
   */
  async places(purls: readonly string[], advisoryId: string): Promise<PackagePlace[]> {
    const places = await this.store.aggregate<Omit<PackagePlace, 'running' | 'workloads'> & { images: Digest[] }>(
      `WITH hit AS MATERIALIZED (
         SELECT DISTINCT image_digest FROM package JOIN image_package ON package_id = package.id WHERE purl = ANY($1) AND state = 'present'),
       tagged AS MATERIALIZED (
         SELECT image_digest, push.id AS push_id FROM hit JOIN push_image USING (image_digest) JOIN push ON push.id = push_id
         WHERE push.state = 'analyzed' AND tag IS NOT NULL AND ${isCurrent}),
       -- What runs under a tag that has moved on, or without one, by its last push.
       untagged AS (
         SELECT DISTINCT ON (image_digest) image_digest, push.id AS push_id FROM hit JOIN push_image USING (image_digest) JOIN push ON push.id = push_id
         WHERE push.state = 'analyzed' AND image_digest NOT IN (SELECT image_digest FROM tagged)
           AND EXISTS (SELECT FROM container_ledger AS ledger WHERE ledger.image_digest = hit.image_digest AND ${isRecent})
         ORDER BY image_digest, tag IS NULL, push.id DESC),
       placed AS (SELECT *, true AS is_tagged FROM tagged UNION ALL SELECT *, false FROM untagged)
       SELECT coalesce(registry_host, connection) AS registry, repository, tag, is_tagged AS "isTagged", digest, package.name AS "packageName",
         package.type AS "packageType", version AS "installedVersion",
         coalesce(package_match.state, 'affected') AS match,
         jsonb_build_object('state', coalesce(fix_state, 'unknown'), 'version', fix_version) AS fix, min(purl) AS purl, array_agg(DISTINCT image_digest) AS images
       FROM package JOIN image_package ON package_id = package.id AND image_package.state = 'present'
       JOIN placed USING (image_digest) JOIN push ON push.id = placed.push_id
       LEFT JOIN package_match ON package_match.package_id = package.id AND advisory_id = $2
       WHERE purl = ANY($1)
       GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY is_tagged DESC, 1, 2, 3, 6, 8 LIMIT ${maxPlaces}`,
      [purls, advisoryId],
    );
    const running = await runningAmong(this.store, [...new Set(places.flatMap(({ images }) => images))]);
    const workloads = await workloadNames(this.store, [...(running ?? [])]);
    return places.map(({ images, ...place }) => ({
      ...place,
      running: running && images.some((image) => running.has(image)),
      workloads: [...new Set(images.flatMap((image) => workloads.get(image) ?? []))],
    }));
  }

  /** KEV and EPSS data of one vulnerability, by its id and its aliases in advisories. */
  async exploitation(id: string): Promise<Exploitation> {
    const named = await this.store.rows(aliasesOnly, 'FROM advisory WHERE vulnerability_id = $1', [id]);
    const [known] = await exploitationOf(this.store, [{ id, aliases: named.flatMap(({ aliases }) => aliases) }]);
    return known ?? { kev: false, epss: null };
  }
}

/** Severity ratings by all advisories, since a distribution's own often lacks one. */
export async function ratingsOf(store: Queries, vulnerabilityIds: readonly string[]): Promise<Map<string, Rating[]>> {
  if (vulnerabilityIds.length === 0) return new Map();
  const rows = await store.rows(
    ratingColumns,
    `FROM advisory WHERE vulnerability_id = ANY($1) AND withdrawn IS NULL AND severity <> 'unknown' ORDER BY id`,
    [[...new Set(vulnerabilityIds)]],
  );
  return Map.groupBy(rows, ({ vulnerabilityId }) => vulnerabilityId);
}

/**
 * Joins what the files and the config of an image have of one secret. Rows of older versions, one
 * for each place, count as one secret too until their image is evaluated again.
 */
function grouped(rows: readonly Pick<ImageFindingRow, 'imageDigest' | 'finding'>[]) {
  return [...Map.groupBy(rows, ({ imageDigest }) => imageDigest)].flatMap(([imageDigest, own]) =>
    groupSecrets(own.map(({ finding }) => finding)).map((finding) => ({ imageDigest, finding })),
  );
}

/** Limit on the places of one advisory in a notification. */
const maxPlaces = 2_000;

/** Key of a package in one place of one image. */
function occurrence({ imageDigest, purl, layer, state, foundIn }: FindingRow): string {
  return [imageDigest, purl, layer, state, foundIn].join('\n');
}

function packageOf(row: FindingRow): VulnerablePackage {
  const { packageType: type, packageName: name, installedVersion: version, purl, foundIn, layer, state } = row;
  return { type, name, version, purl, foundIn, layer, state };
}

/** Advisory and match of a row of {@link hitColumns}. */
export function hitOf({ advisoryId, cvssVector: vector, cvssScore: score, ...row }: RowOf<typeof hitColumns>): Hit {
  const { vulnerabilityId, aliases, severity, title, published, match: state, fixState, fixVersion, ...rest } = row;
  const { vulnerabilityIds, evidence } = rest;
  const cvss = vector !== null && score !== null ? { vector, score } : null;
  const fix = { state: fixState, ...(fixVersion !== null && { version: fixVersion }) };
  return {
    advisory: {
      id: advisoryId,
      vulnerabilityId,
      aliases,
      severity,
      title,
      cvss,
      published: published?.toISOString() ?? null,
    },
    match: { advisoryId, vulnerabilityIds, state, fix, severity: null, evidence },
  };
}

function byRisk(a: ImageFinding, b: ImageFinding): number {
  const order =
    Number(b.running === true) - Number(a.running === true) ||
    Number(b.inUse === true) - Number(a.inUse === true) ||
    Number(a.reachability === 'not-linked') - Number(b.reachability === 'not-linked') ||
    Number(b.kev) - Number(a.kev) ||
    likelihood(b) - likelihood(a) ||
    Number(b.fix.version !== null) - Number(a.fix.version !== null) ||
    compareSeverity(a.severity, b.severity);
  if (order !== 0) return order;
  const [left, right] = [a, b].map(({ packageName, id, purl, imageDigest, layer }) =>
    [packageName, id, purl, imageDigest, layer].join('\n'),
  );
  return left! < right! ? -1 : 1;
}

/** EPSS score in tenths: finer differences of a prediction must not outrank known facts. */
function likelihood({ epss }: ImageFinding): number {
  return Math.floor((epss ?? 0) * 10);
}
