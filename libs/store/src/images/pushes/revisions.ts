import { Injectable } from '@nestjs/common';
import type { Digest, Finding } from '@tidewaiter/domain';
import { fileOutlierId, sameRevisionId, type StoredConfig } from '@tidewaiter/integrity';
import { sbomFindingId, unsignedSbomFindingId } from '@tidewaiter/provenance';

import { json } from '../../core/storable.js';
import { Store, type Transaction } from '../../core/store.js';
import type { RepositoryPlace } from './pushes.js';

/** An image of a revision, as one repository has it. */
export interface RevisionImage extends RepositoryPlace {
  digest: Digest;
  tag: string | null;
  pushedAt: Date;
  config: StoredConfig | null;
  /** Whether its layers are read. */
  isAnalyzed: boolean;
  /** Whether its push has no verdict yet. */
  isPending: boolean;
}

/** Ids of the findings that come from comparing the content of an image with others. */
export const comparedFindings: readonly string[] = [
  sameRevisionId,
  fileOutlierId,
  sbomFindingId,
  unsignedSbomFindingId,
];

/** Limit on the compared images of one revision: the first and the newest ones. */
const maxImages = 50;

/**
 * Images by the source revision that they were built from, according to labels, provenance and
 * pipelines.
 */
@Injectable()
export class Revisions {
  constructor(private readonly store: Store) {}

  /**
   * Other images of a revision and platform that were pushed before the first push of this one,
   * into any repository of the same name (its last segment, as a mirror puts other segments before
   * it); oldest push first.
   */
  async earlierImages(
    { repository }: Pick<RepositoryPlace, 'repository'>,
    digest: Digest,
    revision: string,
  ): Promise<RevisionImage[]> {
    const name = repository.slice(repository.lastIndexOf('/') + 1);
    return this.store.aggregate<RevisionImage>(
      `WITH named AS (
         SELECT push.*, image_digest FROM push JOIN push_image ON push_id = push.id
         WHERE regexp_replace(repository, '^.*/', '') = $1
       ), reported AS (
         SELECT image_digest, repository FROM pipeline_report WHERE run ->> 'revision' = $3 AND 'revision' = ANY(proven)
       ), reported_image AS (
         SELECT image_digest AS digest, repository FROM reported
         UNION SELECT held.image_digest, reported.repository FROM reported JOIN push AS index ON index.digest = reported.image_digest
           JOIN push_image AS held ON held.push_id = index.id
       ), found AS (
         SELECT DISTINCT ON (push.connection, push.repository, other.digest) push.connection, push.repository, other.digest, push.tag,
           push.received_at AS "pushedAt", other.config, other.analyzers_version IS NOT NULL AS "isAnalyzed",
           push.state = 'analyzing' AS "isPending"
         FROM image AS this JOIN image AS other USING (platform)
           JOIN named AS push ON push.image_digest = other.digest
         WHERE this.digest = $2 AND other.digest <> $2
           AND push.received_at < (SELECT min(received_at) FROM named WHERE image_digest = $2)
           AND other.digest IN (
             SELECT digest FROM image WHERE labels ->> 'org.opencontainers.image.revision' = $3
             UNION SELECT image_digest FROM image_provenance
               WHERE revision = $3 AND (image_provenance.connection, image_provenance.repository) = (push.connection, push.repository)
             UNION SELECT digest FROM reported_image WHERE coalesce(reported_image.repository, push.repository) = push.repository)
         ORDER BY push.connection, push.repository, other.digest, push.received_at
       )
       SELECT connection, repository, digest, tag, "pushedAt", config, "isAnalyzed", "isPending" FROM (
         SELECT *, row_number() OVER (ORDER BY "pushedAt") AS first, row_number() OVER (ORDER BY "pushedAt" DESC) AS newest FROM found
       ) AS ranked WHERE first = 1 OR newest < ${maxImages} ORDER BY "pushedAt", digest`,
      [name, digest, revision],
    );
  }

  /**
   * Replaces the findings from comparing the content of an image in a repository.
   * @param findings of {@link comparedFindings}
   * @param kept fingerprints of earlier findings that stay, because their cause was not compared
   * @returns fingerprints of those that are new
   */
  async putFindings(
    tx: Transaction,
    { connection, repository }: RepositoryPlace,
    digest: Digest,
    findings: readonly Finding[],
    kept: readonly string[] = [],
  ): Promise<Set<string>> {
    const place = [digest, connection, repository];
    const earlier = await tx.aggregate<{ fingerprint: string }>(
      `DELETE FROM repository_finding
       WHERE (image_digest, connection, repository) = ($1, $2, $3) AND finding ->> 'id' = ANY($4) AND fingerprint <> ALL($5)
       RETURNING fingerprint`,
      [...place, comparedFindings, kept],
    );
    if (findings.length === 0) return new Set();
    await tx.query(
      `INSERT INTO repository_finding (image_digest, connection, repository, fingerprint, finding)
       SELECT $1, $2, $3, finding ->> 'fingerprint', finding FROM jsonb_array_elements($4::jsonb) AS finding ON CONFLICT DO NOTHING`,
      [...place, json(findings)],
    );
    const known = new Set(earlier.map(({ fingerprint }) => fingerprint));
    return new Set(findings.map(({ fingerprint }) => fingerprint)).difference(known);
  }
}
