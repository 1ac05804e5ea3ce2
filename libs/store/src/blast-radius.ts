import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { type Page, pageOf, type PageRequest } from './page.js';
import { isCurrent } from './pushes.js';
import { Store } from './store.js';

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
}

export interface BlastRadius extends Page<BlastPlace> {
  counts: { packages: number; images: number; repositories: number };
}

/** Packages that one answer names for one image. */
const maxPurls = 20;

/** Where something is in the whole fleet, in what tags point to now. */
@Injectable()
export class BlastRadii {
  constructor(private readonly store: Store) {}

  /** Newest push first; the counts are those of all pages. */
  async of(question: BlastQuestion, { limit, after }: PageRequest): Promise<BlastRadius> {
    const packageIds = await this.#packages(question);
    const [places, counts] = await Promise.all([this.#places(packageIds, limit, after), this.#counts(packageIds)]);
    return { ...pageOf(places, limit), counts };
  }

  async #packages(question: BlastQuestion): Promise<string[]> {
    const rows = await ('vulnerability' in question
      ? this.store.query<{ id: string }>(
          `SELECT DISTINCT package_id AS id FROM package_match JOIN advisory ON advisory.id = advisory_id
           WHERE withdrawn IS NULL AND (advisory_id = $1
             OR vulnerability_ids && (ARRAY[$1] || ARRAY(SELECT vulnerability_id FROM advisory WHERE advisory.id = $1)))`,
          [question.vulnerability],
        )
      : this.store.query<{ id: string }>(`SELECT id FROM package WHERE purl = $1 OR package_purl_name(purl) = $1`, [
          question.purl,
        ]));
    return rows.map(({ id }) => id);
  }

  async #places(packageIds: readonly string[], limit: number, after: string | undefined): Promise<BlastPlace[]> {
    return this.store.query<BlastPlace>(
      `SELECT push.id, coalesce(registry_host, connection) AS registry, repository, tag, digest, purls
       FROM (
         SELECT push_id AS id, (array_agg(DISTINCT purl ORDER BY purl))[1:${maxPurls}] AS purls
         FROM image_package JOIN package ON package.id = package_id JOIN push_image USING (image_digest)
         WHERE package_id = ANY($1) AND image_package.state = 'present' GROUP BY push_id) AS holder
       JOIN push USING (id)
       WHERE push.state = 'analyzed' AND tag IS NOT NULL AND ($3::uuid IS NULL OR push.id < $3) AND ${isCurrent}
       ORDER BY push.id DESC LIMIT $2`,
      [packageIds, limit + 1, after ?? null],
    );
  }

  async #counts(packageIds: readonly string[]): Promise<BlastRadius['counts']> {
    const [counts] = await this.store.query<BlastRadius['counts']>(
      `SELECT count(DISTINCT image_digest)::int AS images, count(DISTINCT (connection, repository))::int AS repositories,
         cardinality($1::bigint[]) AS packages
       FROM push JOIN push_image ON push_id = push.id
       WHERE image_digest IN (SELECT image_digest FROM image_package WHERE package_id = ANY($1) AND state = 'present')
         AND push.state = 'analyzed' AND tag IS NOT NULL AND ${isCurrent}`,
      [packageIds],
    );
    return counts!;
  }
}
