import { Injectable } from '@nestjs/common';
import type { Attestation, Digest, Finding, Signer } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { valuesOf } from '../../core/row-sets.js';
import { json } from '../../core/storable.js';
import { Store, type Transaction } from '../../core/store.js';
import { ImageProvenanceRow } from './provenance-rows.js';
import type { RepositoryPlace } from './pushes.js';
import { comparedFindings } from './revisions.js';

const columns = columnsOf(ImageProvenanceRow, { only: ['signatures', 'attestations', 'vex', 'warnings'] });
const imageColumns = columns.and(columnsOf(ImageProvenanceRow, { only: ['imageDigest'] }));
const placedColumns = columnsOf(ImageProvenanceRow, { omit: ['imageDigest', 'revision'] });
const added = valuesOf(ImageProvenanceRow, [
  'imageDigest',
  'connection',
  'repository',
  'signatures',
  'attestations',
  'vex',
  'warnings',
  'revision',
]);

/** Signatures and attestations of an image in one repository. */
export type StoredProvenance = RowOf<typeof columns>;

/** Provenance of images of one repository, by their digest. */
export type KnownProvenances = ReadonlyMap<Digest, StoredProvenance>;

/** Earlier digest of a name. */
export interface EarlierPush {
  digest: Digest;
  pushedAt: Date;
}

/** Provenance of images, and their supply-chain findings. */
@Injectable()
export class Provenances {
  constructor(private readonly store: Store) {}

  async get(place: RepositoryPlace, digest: Digest): Promise<StoredProvenance | null> {
    return (await this.of(place, [digest])).get(digest) ?? null;
  }

  /** Provenance of images in a repository; images without any are left out. */
  async of({ connection, repository }: RepositoryPlace, digests: readonly Digest[]): Promise<KnownProvenances> {
    const rows = await this.store.rows(
      imageColumns,
      'FROM image_provenance WHERE image_digest = ANY($1) AND (connection, repository) = ($2, $3)',
      [digests, connection, repository],
    );
    return new Map(rows.map(({ imageDigest, ...known }) => [imageDigest, known]));
  }

  /** The supply-chain findings of a push, over all its images, each once. */
  async findings(tx: Transaction, pushId: string): Promise<Finding[]> {
    const rows = await tx.aggregate<{ finding: Finding }>(
      `SELECT DISTINCT ON (fingerprint) finding FROM push_image JOIN push ON push.id = push_id
         JOIN repository_finding AS found USING (image_digest, connection, repository)
       WHERE push_id = $1 AND (found.tag IS NULL OR found.tag = push.tag) ORDER BY fingerprint`,
      [pushId],
    );
    return rows.map(({ finding }) => finding);
  }

  /** Trusted signers of the images of a push, with a verified signature or attestation. */
  async signers(tx: Transaction, pushId: string): Promise<Pick<Signer, 'name' | 'identity'>[]> {
    return tx.aggregate<Pick<Signer, 'name' | 'identity'>>(
      `SELECT DISTINCT signed -> 'signer' ->> 'name' AS name, signed -> 'signer' ->> 'identity' AS identity
       FROM push_image JOIN push ON push.id = push_id JOIN image_provenance USING (image_digest, connection, repository),
         jsonb_array_elements(signatures || attestations) AS signed
       WHERE push_id = $1 AND (signed ->> 'verified')::boolean AND jsonb_typeof(signed -> 'signer') = 'object'
       ORDER BY name, identity LIMIT 20`,
      [pushId],
    );
  }

  /** Provenance of an image in all its repositories. */
  async ofImage(digest: Digest): Promise<RowOf<typeof placedColumns>[]> {
    return this.store.rows(
      placedColumns,
      'FROM image_provenance WHERE image_digest = $1 ORDER BY connection, repository',
      [digest],
    );
  }

  /**
   * Replaces the provenance and findings of an image; `known` is null if no signers are configured
   * for it.
   */
  async put(
    tx: Transaction,
    { connection, repository }: RepositoryPlace,
    digest: Digest,
    known: StoredProvenance | null,
    findings: readonly Finding[],
  ): Promise<void> {
    const place = [digest, connection, repository];
    const isHere = '(image_digest, connection, repository) = ($1, $2, $3)';
    await tx.query(
      // Keeps findings from comparing content, as they come from the layers.
      `WITH earlier AS (DELETE FROM image_provenance WHERE ${isHere})
       DELETE FROM repository_finding WHERE ${isHere} AND tag IS NULL AND finding ->> 'id' <> ALL($4)`,
      [...place, comparedFindings],
    );
    if (known) {
      await tx.query(
        `INSERT INTO image_provenance (${added.columns}) VALUES (${added.values})`,
        added.parameters({
          ...known,
          imageDigest: digest,
          connection,
          repository,
          revision: revisionOf(known.attestations),
        }),
      );
    }
    await this.#add(tx, place, null, findings);
  }

  /**
   * Replaces the findings about a tag of a repository while it points to an image: other tags of
   * the image are not concerned.
   */
  async putOfTag(
    tx: Transaction,
    { connection, repository, tag }: RepositoryPlace & { tag: string },
    digest: Digest,
    findings: readonly Finding[],
  ): Promise<void> {
    const place = [digest, connection, repository];
    await tx.query(
      'DELETE FROM repository_finding WHERE (image_digest, connection, repository, tag) = ($1, $2, $3, $4)',
      [...place, tag],
    );
    await this.#add(tx, place, tag, findings);
  }

  async #add(
    tx: Transaction,
    place: readonly string[],
    tag: string | null,
    findings: readonly Finding[],
  ): Promise<void> {
    if (findings.length === 0) return;
    await tx.query(
      `INSERT INTO repository_finding (image_digest, connection, repository, fingerprint, finding, tag)
       SELECT $1, $2, $3, finding ->> 'fingerprint', finding, $5 FROM jsonb_array_elements($4::jsonb) AS finding ON CONFLICT DO NOTHING`,
      [...place, json(findings), tag],
    );
  }
}

/** Revision of the sources from verified provenance; unverified attestations have none. */
export function revisionOf(attestations: readonly Attestation[]): string | null {
  return attestations.find(({ revision }) => revision !== null)?.revision ?? null;
}
