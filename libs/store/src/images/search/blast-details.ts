import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { columnsOf } from '../../core/columns.js';
import type { PageRequest } from '../../core/page.js';
import { Store } from '../../core/store.js';
import { ContainerLedgerRow } from '../../workloads/workload-rows.js';
import { FileContents } from '../file-contents.js';
import { ImageManifests } from '../image-manifests.js';
import { LayerPaths } from '../layer-paths.js';
import { PushImageRow } from '../pushes/push-rows.js';
import { type BlastScope, type ScopePage, scopePage } from './blast-scope.js';

/** A tag that points to an image or did, or a push without a tag. */
export interface BlastPlace {
  registry: string;
  repository: string;
  tag: string | null;
  /** Digest of the image, or of the index that holds it. */
  digest: Digest;
  since: Date;
  /** Time when the tag moved or was deleted; null while it points to the digest. */
  until: Date | null;
  isCurrent: boolean;
  pushId: string | null;
  pushedBy: string | null;
}

/** A package of an image that meets a search. */
export interface BlastPackage {
  purl: string;
  version: string;
  /** Path of the package in its image. */
  foundIn: string;
  isUnknown: boolean;
  isMitigated: boolean;
  /** Whether it was seen to be executed or loaded; null while no package of the image was. */
  inUse: boolean | null;
}

/** A workload that runs an image, or ran it. */
export interface BlastWorkload {
  cluster: string | null;
  namespace: string | null;
  /** Null of containers that belong to no workload. */
  kind: string | null;
  name: string | null;
  exposed: boolean | null;
  containers: number;
  running: number;
  /** Sample of the pods. */
  pods: string[];
  since: Date;
  /** Null while one of its containers runs. */
  until: Date | null;
}

/** A container that runs or ran an image that meets a search. */
export interface BlastContainer {
  /** Id of the container, which is its cursor. */
  id: string;
  cluster: string | null;
  node: string | null;
  namespace: string | null;
  workloadKind: string | null;
  workload: string | null;
  pod: string | null;
  container: string | null;
  digest: Digest;
  repository: string | null;
  tag: string | null;
  since: Date;
  /** Time when it ended or was last seen; null while it runs. */
  until: Date | null;
  isRunning: boolean;
  isUnknown: boolean;
  packages: BlastPackage[];
}

const imageOf = (table: string) => columnsOf(PushImageRow, { of: table, only: ['imageDigest'] });
const ranColumns = columnsOf(ContainerLedgerRow, { of: 'ran', only: ['workloadKind', 'workload', 'pod'] });

type OfImage<Row> = Row & { imageDigest: Digest; total: number };

const maxPlaces = 20;
const maxPackages = 20;
const maxNotes = 20;
const maxWorkloads = 20;
const maxPods = 20;

/** Details of the images on one page of a search across the fleet. */
@Injectable()
export class BlastDetails {
  constructor(
    private readonly store: Store,
    private readonly manifests: ImageManifests,
    private readonly contents: FileContents,
    private readonly layers: LayerPaths,
  ) {}

  async platforms(digests: readonly Digest[]): Promise<Map<Digest, string>> {
    const rows = await this.store.aggregate<{ digest: Digest; platform: string }>(
      'SELECT digest, platform FROM image WHERE digest = ANY($1)',
      [digests],
    );
    return new Map(rows.map(({ digest, platform }) => [digest, platform]));
  }

  /** Current places first, then the newest. */
  async places(digests: readonly Digest[]): Promise<Map<Digest, (BlastPlace & { total: number })[]>> {
    const rows = await this.store.aggregate<OfImage<BlastPlace>>(
      `WITH alias AS (
         SELECT image_digest, image_digest AS digest FROM unnest($1::text[]) AS asked (image_digest)
         UNION SELECT image_digest, push.digest FROM push_image JOIN push ON push.id = push_id WHERE image_digest = ANY($1) AND push.digest IS NOT NULL),
       place AS (
         SELECT image_digest, coalesce(push.registry_host, entry.connection) AS registry, entry.repository, entry.tag, entry.digest,
           entry.at AS since, later.at AS until, later.at IS NULL AS "isCurrent", push.id AS "pushId", coalesce(push.pushed_by, entry.actor) AS "pushedBy"
         FROM alias JOIN tag_ledger AS entry USING (digest) LEFT JOIN push ON push.id = entry.push_id LEFT JOIN LATERAL (
           SELECT later.at FROM tag_ledger AS later
           WHERE (later.connection, later.repository, later.tag) = (entry.connection, entry.repository, entry.tag) AND later.position > entry.position
           ORDER BY later.position LIMIT 1) AS later ON true
         UNION ALL
         SELECT image_digest, coalesce(registry_host, connection), repository, NULL, digest, coalesce(pushed_at, received_at), NULL, false, push.id, pushed_by
         FROM push_image JOIN push ON push.id = push_id WHERE image_digest = ANY($1) AND tag IS NULL AND digest IS NOT NULL)
       SELECT ${imageOf('numbered')}, total, registry, repository, tag, digest, since, until, "isCurrent", "pushId", "pushedBy" FROM (
         SELECT *, (count(*) OVER (PARTITION BY image_digest))::int AS total,
           row_number() OVER (PARTITION BY image_digest ORDER BY "isCurrent" DESC, since DESC, repository, tag) AS number
         FROM place) AS numbered
       WHERE number <= ${maxPlaces} ORDER BY image_digest, number`,
      [digests],
    );
    return byImage(rows);
  }

  async packages(scope: BlastScope, digests: readonly Digest[]): Promise<Map<Digest, BlastPackage[]>> {
    const { sql, parameters } = scope.rows(digests);
    const rows = await this.store.aggregate<OfImage<BlastPackage>>(
      `SELECT "imageDigest", 0 AS total, purl, version, "foundIn", "isUnknown", "isMitigated", "inUse" FROM (
         SELECT ${imageOf('row')}, purl, version, min(found_in) AS "foundIn",
           bool_and(is_unknown) AS "isUnknown", bool_and(is_mitigated) AS "isMitigated",
           CASE WHEN EXISTS (SELECT FROM package_use WHERE image_digest = row.image_digest)
             THEN EXISTS (SELECT FROM package_use WHERE image_digest = row.image_digest AND package = package.name) END AS "inUse",
           row_number() OVER (PARTITION BY row.image_digest ORDER BY purl) AS number
         FROM (${sql}) AS row JOIN package ON package.id = row.package_id
         JOIN image_package USING (image_digest, package_id) WHERE image_package.state = 'present'
         GROUP BY row.image_digest, purl, version, package.name) AS numbered
       WHERE number <= ${maxPackages} ORDER BY "imageDigest", number`,
      parameters,
    );
    return new Map(
      [...byImage(rows)].map(([digest, packages]) => [digest, packages.map(({ total: _, ...each }) => each)]),
    );
  }

  async notes(scope: BlastScope, digests: readonly Digest[]): Promise<Map<Digest, string[]>> {
    const { sql, parameters } = scope.rows(digests);
    const rows = await this.store.aggregate<{ digest: Digest; notes: string[] }>(
      `SELECT image_digest AS digest, (array_agg(DISTINCT note))[1:${maxNotes}] AS notes FROM (${sql}) AS row
       WHERE note IS NOT NULL GROUP BY image_digest`,
      parameters,
    );
    return new Map(rows.map(({ digest, notes }) => [digest, notes]));
  }

  /** Visible paths of a content, of each image. */
  async paths(digests: readonly Digest[], sha256: string, limit: number): Promise<Map<Digest, string[]>> {
    const found = await this.contents.layersWith(digests, sha256);
    const inLayers = new Map<Digest, string[]>();
    for (const { diffId } of found) {
      if (!inLayers.has(diffId)) inLayers.set(diffId, await this.layers.pathsOf(diffId, sha256));
    }
    const paths = new Map<Digest, string[]>();
    for (const digest of digests) {
      const known = found.flatMap((each) => (each.imageDigest === digest ? inLayers.get(each.diffId)! : []));
      // Some of several may be hidden.
      paths.set(digest, known.length === 1 ? [`/${known[0]}`] : await this.#visiblePaths(digest, sha256, limit));
    }
    return paths;
  }

  async #visiblePaths(digest: Digest, sha256: string, limit: number): Promise<string[]> {
    const paths = new Set<string>();
    for (const { path } of (await this.manifests.get(digest))?.holding(sha256) ?? []) {
      if (paths.size < limit) paths.add(path);
    }
    return [...paths].toSorted();
  }

  /** Workloads of images, those with most running containers first. */
  async workloads(
    scope: BlastScope,
    digests: readonly Digest[],
  ): Promise<Map<Digest, (BlastWorkload & { total: number })[]>> {
    const { head, parameters } = scope.query(digests);
    const rows = await this.store.assembled<OfImage<BlastWorkload>>(
      `${head}
       SELECT "imageDigest", cluster, namespace, kind, name, exposed, containers, running, pods, since, until, total FROM (
         SELECT *, (count(*) OVER (PARTITION BY "imageDigest"))::int AS total,
           row_number() OVER (PARTITION BY "imageDigest" ORDER BY running DESC, until DESC NULLS FIRST, cluster, namespace, kind, name) AS number
         FROM (
           SELECT ${imageOf('ran')}, nullif(ran.cluster, '') AS cluster, ran.namespace, workload_kind AS kind, ran.workload AS name,
             bool_or(known.exposed) AS exposed, count(*)::int AS containers, (count(*) FILTER (WHERE is_running))::int AS running,
             (coalesce(array_agg(DISTINCT pod) FILTER (WHERE pod IS NOT NULL), '{}'))[1:${maxPods}] AS pods, min(began_at) AS since,
             CASE WHEN bool_or(is_running) THEN NULL ELSE max(ended_at) END AS until
           FROM ran LEFT JOIN workload AS known
             ON (known.cluster, known.namespace, known.kind, known.name) = (ran.cluster, ran.namespace, workload_kind, ran.workload)
           GROUP BY image_digest, ran.cluster, ran.namespace, workload_kind, ran.workload) AS workload) AS numbered
       WHERE number <= ${maxWorkloads} ORDER BY "imageDigest", number`,
      parameters,
    );
    return byImage(rows);
  }

  /**
   * Returns up to one row more than a page. The cursor is a container; if its row is deleted, the
   * list ends.
   */
  async containers(
    scope: BlastScope,
    { limit, after }: PageRequest,
  ): Promise<ScopePage<Omit<BlastContainer, 'packages'>>> {
    const query = scope.query();
    const order = 'cluster, in_namespace, in_pod, container_id';
    const cursor = query.parameter(after ?? null);
    const named = `coalesce(namespace, '') AS in_namespace, coalesce(pod, '') AS in_pod`;
    // Select the containers of the page first: rows with all columns are too wide to sort by the
    // thousand.
    query.head += `, chosen AS MATERIALIZED (
        SELECT * FROM (SELECT DISTINCT cluster, ${named}, container_id FROM ran JOIN scope USING (image_digest)) AS container
        WHERE ${cursor}::text IS NULL OR (${order}) > (
          SELECT ${order} FROM (SELECT cluster, ${named}, container_id FROM container_ledger WHERE container_id = ${cursor}) AS last)
        ORDER BY ${order} LIMIT ${query.parameter(limit + 1)})`;
    return scopePage<Omit<BlastContainer, 'packages'>>(
      this.store,
      query,
      `SELECT DISTINCT ON (${order}) container_id AS id, nullif(cluster, '') AS cluster, ledger.node, ran.namespace,
         ${ranColumns}, ledger.name AS container, scope.image_digest AS digest, ledger.repository, ledger.tag,
         began_at AS since, ran.ended_at AS until, is_running AS "isRunning", is_unknown AS "isUnknown"
       FROM chosen JOIN ran USING (cluster, container_id) JOIN scope USING (image_digest) JOIN container_ledger AS ledger USING (cluster, container_id)
       ORDER BY ${order}, is_unknown, scope.image_digest`,
    );
  }
}

function byImage<Row>(rows: readonly OfImage<Row>[]): Map<Digest, (Row & { total: number })[]> {
  const groups = Map.groupBy(rows, ({ imageDigest }) => imageDigest);
  return new Map(
    [...groups].map(([digest, group]) => [
      digest,
      group.map(({ imageDigest: _, ...row }) => row as Row & { total: number }),
    ]),
  );
}
