import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import type { WorkloadRef } from '@tidewaiter/workloads';

import { ImageManifests } from './image-manifests.js';
import { type Page, pageOf, type PageRequest } from './page.js';
import { isCurrent } from './pushes.js';
import { Store } from './store.js';
import { countWorkloads, type RunningWorkload, WorkloadLedger } from './workload-ledger.js';

/** What is asked about: a vulnerability by any of its advisories' ids, a package by its purl with or without a version, or a file by its bytes. */
export type BlastQuestion = { vulnerability: string } | { purl: string } | { sha256: string };

/** An image that a tag points to and that has it. */
export interface BlastPlace {
  /** Id of the push that brought it. */
  id: string;
  registry: string;
  repository: string;
  tag: string;
  digest: Digest;
  purls: string[];
  /** Where a file that was asked for is in one of its images. */
  paths: string[];
  /** Whether the hole is closed in all of them by other means than a version. */
  isMitigated: boolean;
  /** Some of those that run one of its images, or did in the last day; null while nobody tells of workloads. */
  workloads: (WorkloadRef & { exposed: boolean | null })[] | null;
}

export interface BlastRadius extends Page<BlastPlace> {
  /** `mitigated`: those of the images in which the hole is closed by other means than a version; `workloads` as in the places. */
  counts: { packages: number; images: number; mitigated: number; repositories: number; workloads: number | null };
}

interface AskedPackage {
  id: string;
  purl: string;
  isMitigated: boolean;
}

/** A query of the images that have it, in the columns `image_digest`, `purl` and `isMitigated`. */
interface Holders {
  sql: string;
  parameters: unknown[];
  packages: number;
}

type ImagePlace = Omit<BlastPlace, 'workloads' | 'paths'> & { images: Digest[] };

/** Packages, paths and workloads that one answer names for one image. */
const maxPurls = 20;
const maxPaths = 20;
const maxWorkloads = 20;

/** Where something is in the whole fleet, in what tags point to now. */
@Injectable()
export class BlastRadii {
  constructor(
    private readonly store: Store,
    private readonly ledger: WorkloadLedger,
    private readonly manifests: ImageManifests,
  ) {}

  /** Newest push first; the counts are those of all pages. */
  async of(question: BlastQuestion, { limit, after }: PageRequest): Promise<BlastRadius> {
    const holders = await this.#holders(question);
    const [places, counts, workloads] = await Promise.all([
      this.#places(holders, limit, after),
      this.#counts(holders),
      this.#workloadCount(holders),
    ]);
    const page = pageOf(places, limit);
    const running = workloads === null ? null : await this.#runningIn(page.items);
    const items: BlastPlace[] = [];
    for (const { images, ...place } of page.items) {
      const paths = 'sha256' in question ? await this.#paths(images, question.sha256) : [];
      items.push({ ...place, paths, workloads: running && workloadsOf(images, running) });
    }
    return { ...page, items, counts: { ...counts, packages: holders.packages, workloads } };
  }

  async #holders(question: BlastQuestion): Promise<Holders> {
    if ('sha256' in question) {
      const images = await this.manifests.holding(question.sha256);
      return {
        sql: `SELECT image_digest, NULL::text AS purl, false AS "isMitigated" FROM unnest($1::text[]) AS image (image_digest)`,
        parameters: [images],
        packages: 0,
      };
    }
    const packages = await this.#packages(question);
    return {
      sql: `SELECT image_digest, purl, asked."isMitigated"
        FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS asked (id, purl, "isMitigated") JOIN image_package ON package_id = asked.id
        WHERE state = 'present'`,
      parameters: [
        packages.map(({ id }) => id),
        packages.map(({ purl }) => purl),
        packages.map(({ isMitigated }) => isMitigated),
      ],
      packages: packages.length,
    };
  }

  async #packages(question: { vulnerability: string } | { purl: string }): Promise<AskedPackage[]> {
    return 'vulnerability' in question
      ? this.store.query<AskedPackage>(
          `SELECT package_id AS id, purl, bool_and(evidence ? 'mitigation') AS "isMitigated"
           FROM package_match JOIN advisory ON advisory.id = advisory_id JOIN package ON package.id = package_id
           WHERE withdrawn IS NULL AND (advisory_id = $1
             OR vulnerability_ids && (ARRAY[$1] || ARRAY(SELECT vulnerability_id FROM advisory WHERE advisory.id = $1))) GROUP BY package_id, purl`,
          [question.vulnerability],
        )
      : this.store.query<AskedPackage>(
          `SELECT id, purl, false AS "isMitigated" FROM package WHERE purl = $1 OR package_purl_name(purl) = $1`,
          [question.purl],
        );
  }

  async #places({ sql, parameters }: Holders, limit: number, after: string | undefined): Promise<ImagePlace[]> {
    const [afterAt, limitAt] = [parameters.length + 1, parameters.length + 2];
    return this.store.query<ImagePlace>(
      `SELECT push.id, coalesce(registry_host, connection) AS registry, repository, tag, digest, images, purls, holder."isMitigated"
       FROM (
         SELECT push_id AS id, (coalesce(array_agg(DISTINCT purl ORDER BY purl) FILTER (WHERE purl IS NOT NULL), '{}'))[1:${maxPurls}] AS purls,
           bool_and(held."isMitigated") AS "isMitigated", array_agg(DISTINCT image_digest) AS images
         FROM (${sql}) AS held JOIN push_image USING (image_digest) GROUP BY push_id) AS holder
       JOIN push USING (id)
       WHERE push.state = 'analyzed' AND tag IS NOT NULL AND ($${afterAt}::uuid IS NULL OR push.id < $${afterAt}) AND ${isCurrent}
       ORDER BY push.id DESC LIMIT $${limitAt}`,
      [...parameters, after ?? null, limit + 1],
    );
  }

  async #runningIn(places: readonly ImagePlace[]): Promise<Map<Digest, RunningWorkload[]>> {
    const running = await this.ledger.running(places.flatMap(({ images }) => images));
    return Map.groupBy(running, ({ digest }) => digest);
  }

  async #paths(images: readonly Digest[], sha256: string): Promise<string[]> {
    const paths = new Set<string>();
    for (const digest of images) {
      const files = await this.manifests.get(digest);
      for (const { path } of files?.holding(sha256) ?? []) if (paths.size < maxPaths) paths.add(path);
    }
    return [...paths].toSorted();
  }

  /** Of all images that have it: what runs may be older than what tags point to. */
  async #workloadCount({ sql, parameters }: Holders): Promise<number | null> {
    const rows = await this.store.query<{ digest: Digest }>(
      `SELECT DISTINCT image_digest AS digest FROM (${sql}) AS held
       WHERE EXISTS (SELECT FROM container_ledger AS ledger WHERE ledger.image_digest = held.image_digest)`,
      parameters,
    );
    const [count = null] = await countWorkloads(this.store, [rows.map(({ digest }) => digest)]);
    return count;
  }

  async #counts({ sql, parameters }: Holders): Promise<Omit<BlastRadius['counts'], 'workloads' | 'packages'>> {
    const [counts] = await this.store.query<Omit<BlastRadius['counts'], 'workloads' | 'packages'>>(
      `SELECT count(DISTINCT image_digest)::int AS images,
         count(DISTINCT image_digest) FILTER (WHERE holder."isMitigated")::int AS mitigated,
         count(DISTINCT (connection, repository))::int AS repositories
       FROM (SELECT image_digest, bool_and(held."isMitigated") AS "isMitigated" FROM (${sql}) AS held GROUP BY image_digest) AS holder
       JOIN push_image USING (image_digest) JOIN push ON push_id = push.id
       WHERE push.state = 'analyzed' AND tag IS NOT NULL AND ${isCurrent}`,
      parameters,
    );
    return counts!;
  }
}

function workloadsOf(
  images: readonly Digest[],
  running: ReadonlyMap<Digest, readonly RunningWorkload[]>,
): BlastPlace['workloads'] {
  const workloads = images.flatMap((digest) => running.get(digest) ?? []).slice(0, maxWorkloads);
  return workloads.map(({ cluster, namespace, kind, name, exposed }) => ({ cluster, namespace, kind, name, exposed }));
}
