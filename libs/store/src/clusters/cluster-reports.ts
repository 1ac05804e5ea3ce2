import { Injectable } from '@nestjs/common';
import { maxReportedFindings, type ClusterImage, type ClusterWorkload } from '@tidewaiter/agent-protocol';
import { compareSeverity, countBySeverity, type Digest, type OsRelease, type Verdict } from '@tidewaiter/domain';

import { columnsOf } from '../core/columns.js';
import { Store } from '../core/store.js';
import { Findings, type ImageFinding } from '../images/findings.js';
import { isRunning } from '../workloads/workload-ledger.js';
import { WorkloadFindingRow } from '../workloads/workload-rows.js';

type Place = Pick<ClusterWorkload, 'namespace' | 'kind' | 'name'>;

interface ImageRecord {
  registry: string | null;
  repository: string | null;
  tag: string | null;
  verdict: Verdict | null;
  os: OsRelease | null;
  images: Digest[];
}

const findingColumns = columnsOf(WorkloadFindingRow, {
  only: ['namespace', 'kind', 'name', 'check', 'severity', 'title', 'container', 'field', 'firstSeen'],
});

const maxContainers = 100;

/** Findings of a cluster for its agent, which writes them as objects of the cluster. */
@Injectable()
export class ClusterReports {
  constructor(
    private readonly store: Store,
    private readonly findings: Findings,
  ) {}

  /** Workloads that run or have misconfigurations, by name, after a place. */
  async workloads(
    cluster: string,
    { after, limit }: { after: Place | null; limit: number },
  ): Promise<{ items: ClusterWorkload[]; next: Place | null }> {
    const places = await this.store.aggregate<Place>(
      `SELECT * FROM (
         SELECT namespace, workload_kind AS kind, workload AS name FROM container_ledger
         WHERE cluster = $1 AND namespace IS NOT NULL AND workload_kind IS NOT NULL AND workload IS NOT NULL AND ${isRunning}
         UNION SELECT namespace, kind, name FROM workload_finding WHERE cluster = $1 AND ended_at IS NULL) AS place
       WHERE $2::text IS NULL OR (namespace, kind, name) > ($2, $3, $4) ORDER BY namespace, kind, name LIMIT $5`,
      [cluster, after?.namespace ?? null, after?.kind ?? null, after?.name ?? null, limit + 1],
    );
    const page = places.slice(0, limit);
    const keys = [page.map(({ namespace }) => namespace), page.map(({ kind }) => kind), page.map(({ name }) => name)];
    const containers = await this.store.aggregate<Place & { containers: ClusterWorkload['containers'] }>(
      `SELECT namespace, kind, name, jsonb_agg(jsonb_build_object('name', container, 'digest', digest) ORDER BY container, digest) AS containers
       FROM (SELECT DISTINCT namespace, workload_kind AS kind, workload AS name, ledger.name AS container, image_digest AS digest
         FROM container_ledger AS ledger
         WHERE cluster = $1 AND (namespace, workload_kind, workload) IN (SELECT * FROM unnest($2::text[], $3::text[], $4::text[]))
           AND image_digest IS NOT NULL AND ${isRunning}) AS running
       GROUP BY namespace, kind, name`,
      [cluster, ...keys],
    );
    const rows = await this.store.rows(
      findingColumns,
      `FROM workload_finding WHERE cluster = $1 AND ended_at IS NULL
         AND (namespace, kind, name) IN (SELECT * FROM unnest($2::text[], $3::text[], $4::text[])) ORDER BY id`,
      [cluster, ...keys],
    );
    const containersOf = new Map(containers.map((each) => [keyOf(each), each.containers]));
    const findingsOf = Map.groupBy(rows, keyOf);
    const items = page.map((place): ClusterWorkload => {
      const own = findingsOf.get(keyOf(place)) ?? [];
      return {
        ...place,
        containers: (containersOf.get(keyOf(place)) ?? []).slice(0, maxContainers),
        misconfigurations: own
          .toSorted((a, b) => compareSeverity(a.severity, b.severity))
          .slice(0, maxReportedFindings)
          .map(({ check, severity, title, container, field, firstSeen }) => ({
            ...{ check, severity, title: title.slice(0, 2_000), container, field: field?.slice(0, 2_000) ?? null },
            firstSeen: firstSeen.toISOString(),
          })),
        misconfigurationCounts: countBySeverity(own),
      };
    });
    return { items, next: places.length > limit ? (page.at(-1) ?? null) : null };
  }

  /** An image that a cluster runs; null for others, of which its agent learns nothing. */
  async image(cluster: string, digest: Digest): Promise<ClusterImage | null> {
    const [record] = await this.store.aggregate<ImageRecord>(
      `SELECT coalesce(registry_host, connection) AS registry, repository, tag, verdict, os, images
       FROM (SELECT FROM container_ledger WHERE cluster = $1 AND image_digest = $2 AND ${isRunning} LIMIT 1) AS runs
       LEFT JOIN LATERAL (
         SELECT push.* FROM (SELECT push_id FROM push_image WHERE image_digest = $2
           UNION SELECT id FROM push WHERE push.digest = $2) AS brought JOIN push ON push.id = brought.push_id
         ORDER BY push.state = 'analyzed' DESC, push.id DESC LIMIT 1) AS push ON true
       -- What runs may be an index, whose images were analyzed.
       LEFT JOIN LATERAL (
         SELECT array_agg(image.digest) AS images, (array_agg(image.os) FILTER (WHERE image.os IS NOT NULL))[1] AS os
         FROM image WHERE image.digest = $2 OR image.digest IN (
           SELECT image_digest FROM push_image WHERE push_id = push.id AND push.digest = $2)) AS analyzed ON true`,
      [cluster, digest],
    );
    if (!record) return null;
    const { images, os, ...named } = record;
    const present = (await this.findings.of(images ?? [])).filter(
      ({ kind, state }) => kind === 'vulnerability' && state === 'present',
    );
    const found = [...new Map(present.map((each) => [occurrence(each), each])).values()];
    return {
      ...{ digest, ...named },
      os: os && { family: os.id, version: os.versionId ?? '' },
      vulnerabilities: found
        .toSorted((a, b) => compareSeverity(a.severity, b.severity))
        .slice(0, maxReportedFindings)
        .map(reported),
      vulnerabilityCounts: countBySeverity(found),
    };
  }
}

function keyOf({ namespace, kind, name }: Place): string {
  return JSON.stringify([namespace, kind, name]);
}

/** An index has the same package in each of its images. */
function occurrence({ id, purl, packageName, installedVersion, path }: ImageFinding): string {
  return JSON.stringify([id, purl ?? packageName, installedVersion, path]);
}

/** Picks what a report shows; evidence stays here. */
function reported(finding: ImageFinding): ClusterImage['vulnerabilities'][number] {
  const { id, severity, title, packageName, installedVersion, fix, purl, path, cvss } = finding;
  return {
    ...{ id: id.slice(0, 512), severity, title: title.slice(0, 2_000) },
    packageName: (packageName ?? '').slice(0, 512),
    packageType: /^pkg:([a-z0-9.+-]+)\//.exec(purl ?? '')?.[1] ?? '',
    installedVersion: (installedVersion ?? '').slice(0, 512),
    ...{ fixedVersion: fix.version?.slice(0, 512) ?? null, purl: purl?.slice(0, 2_000) ?? null },
    ...{ path: path?.slice(0, 2_000) ?? null, score: cvss?.score ?? null },
  };
}
