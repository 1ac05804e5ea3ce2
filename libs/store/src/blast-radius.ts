import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import type { WorkloadRef } from '@tidewaiter/workloads';

import { type Page, pageOf, type PageRequest } from './page.js';
import { isCurrent } from './pushes.js';
import { Store } from './store.js';
import { countWorkloads, WorkloadLedger } from './workload-ledger.js';

/** What is asked about: a vulnerability by any of its advisories' ids, or a package by its purl with or without a version. */
export type BlastQuestion = { vulnerability: string } | { purl: string };

/** An image that a tag points to and that has it. */
export interface BlastPlace {
  /** Id of the push that brought it. */
  id: string;
  registry: string;
  repository: string;
  tag: string;
  digest: Digest;
  purls: string[];
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
  isMitigated: boolean;
}

type ImagePlace = Omit<BlastPlace, 'workloads'> & { images: Digest[] };

/** Packages, and workloads, that one answer names for one image. */
const maxPurls = 20;
const maxWorkloads = 20;

/** Where something is in the whole fleet, in what tags point to now. */
@Injectable()
export class BlastRadii {
  constructor(
    private readonly store: Store,
    private readonly ledger: WorkloadLedger,
  ) {}

  /** Newest push first; the counts are those of all pages. */
  async of(question: BlastQuestion, { limit, after }: PageRequest): Promise<BlastRadius> {
    const packages = await this.#packages(question);
    const [places, counts, workloads] = await Promise.all([
      this.#places(packages, limit, after),
      this.#counts(packages),
      this.#workloadCount(packages),
    ]);
    const page = pageOf(places, limit);
    const items = await this.#withWorkloads(page.items, workloads !== null);
    return { ...page, items, counts: { ...counts, workloads } };
  }

  async #packages(question: BlastQuestion): Promise<AskedPackage[]> {
    return 'vulnerability' in question
      ? this.store.query<AskedPackage>(
          `SELECT package_id AS id, bool_and(evidence ? 'mitigation') AS "isMitigated" FROM package_match JOIN advisory ON advisory.id = advisory_id
           WHERE withdrawn IS NULL AND (advisory_id = $1
             OR vulnerability_ids && (ARRAY[$1] || ARRAY(SELECT vulnerability_id FROM advisory WHERE advisory.id = $1))) GROUP BY package_id`,
          [question.vulnerability],
        )
      : this.store.query<AskedPackage>(
          `SELECT id, false AS "isMitigated" FROM package WHERE purl = $1 OR package_purl_name(purl) = $1`,
          [question.purl],
        );
  }

  async #places(packages: readonly AskedPackage[], limit: number, after: string | undefined): Promise<ImagePlace[]> {
    return this.store.query<ImagePlace>(
      `SELECT push.id, coalesce(registry_host, connection) AS registry, repository, tag, digest, images, purls, holder."isMitigated"
       FROM (
         SELECT push_id AS id, (array_agg(DISTINCT purl ORDER BY purl))[1:${maxPurls}] AS purls, bool_and(asked."isMitigated") AS "isMitigated",
           array_agg(DISTINCT image_digest) AS images
         FROM ${askedPackages} JOIN image_package ON package_id = asked.id JOIN package ON package.id = package_id
         JOIN push_image USING (image_digest)
         WHERE image_package.state = 'present' GROUP BY push_id) AS holder
       JOIN push USING (id)
       WHERE push.state = 'analyzed' AND tag IS NOT NULL AND ($4::uuid IS NULL OR push.id < $4) AND ${isCurrent}
       ORDER BY push.id DESC LIMIT $3`,
      [...columnsOf(packages), limit + 1, after ?? null],
    );
  }

  async #withWorkloads(places: readonly ImagePlace[], isTold: boolean): Promise<BlastPlace[]> {
    const running = isTold ? await this.ledger.running(places.flatMap(({ images }) => images)) : [];
    const byDigest = Map.groupBy(running, ({ digest }) => digest);
    return places.map(({ images, ...place }) => {
      const workloads = images.flatMap((digest) => byDigest.get(digest) ?? []).slice(0, maxWorkloads);
      const named = workloads.map(({ cluster, namespace, kind, name, exposed }) => ({
        cluster,
        namespace,
        kind,
        name,
        exposed,
      }));
      return { ...place, workloads: isTold ? named : null };
    });
  }

  /** Of all images that have it: what runs may be older than what tags point to. */
  async #workloadCount(packages: readonly AskedPackage[]): Promise<number | null> {
    const rows = await this.store.query<{ digest: Digest }>(
      `SELECT DISTINCT image_digest AS digest FROM ${askedPackages} JOIN image_package ON package_id = asked.id
       WHERE state = 'present' AND EXISTS (SELECT FROM container_ledger AS ledger WHERE ledger.image_digest = image_package.image_digest)`,
      columnsOf(packages),
    );
    const [count = null] = await countWorkloads(this.store, [rows.map(({ digest }) => digest)]);
    return count;
  }

  async #counts(packages: readonly AskedPackage[]): Promise<Omit<BlastRadius['counts'], 'workloads'>> {
    const [counts] = await this.store.query<Omit<BlastRadius['counts'], 'workloads'>>(
      `SELECT count(DISTINCT image_digest)::int AS images,
         count(DISTINCT image_digest) FILTER (WHERE holder."isMitigated")::int AS mitigated,
         count(DISTINCT (connection, repository))::int AS repositories, cardinality($1::bigint[]) AS packages
       FROM (
         SELECT image_digest, bool_and(asked."isMitigated") AS "isMitigated"
         FROM ${askedPackages} JOIN image_package ON package_id = asked.id WHERE state = 'present' GROUP BY image_digest) AS holder
       JOIN push_image USING (image_digest) JOIN push ON push_id = push.id
       WHERE push.state = 'analyzed' AND tag IS NOT NULL AND ${isCurrent}`,
      columnsOf(packages),
    );
    return counts!;
  }
}

const askedPackages = 'unnest($1::bigint[], $2::boolean[]) AS asked (id, "isMitigated")';

function columnsOf(packages: readonly AskedPackage[]): [string[], boolean[]] {
  return [packages.map(({ id }) => id), packages.map(({ isMitigated }) => isMitigated)];
}
