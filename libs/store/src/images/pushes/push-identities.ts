import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import type { PushIdentity } from '@tidewaiter/provenance';

import { json } from '../../core/storable.js';
import { Store, type Transaction } from '../../core/store.js';
import type { PushWarning } from '../image-rows.js';
import type { Push } from './pushes.js';

/** Another push of the repository, with another digest. */
export interface EarlierPushIdentity {
  digest: Digest;
  tag: string;
  identity: PushIdentity;
  isDeviating: boolean;
}

/**
 * Limit on compared pushes of other digests: enough to find the usual ones among many that deviate.
 */
const maxEarlier = 60;

/**
 * Pushers, signers and builders by push, from which the usual identity of a repository is learned.
 */
@Injectable()
export class PushIdentities {
  constructor(private readonly store: Store) {}

  async get(pushId: string): Promise<{ identity: PushIdentity; warnings: PushWarning[] } | null> {
    const [known] = await this.store.aggregate<{ identity: PushIdentity; warnings: PushWarning[] }>(
      'SELECT identity, warnings FROM push_identity WHERE push_id = $1',
      [pushId],
    );
    return known ?? null;
  }

  /**
   * Pushes of a repository before a digest first came there, newest first, each digest once; of
   * versions alone, or of other tags alone.
   */
  async before(push: Push, isVersion: boolean): Promise<EarlierPushIdentity[]> {
    return this.store.aggregate<EarlierPushIdentity>(
      `SELECT digest, tag, identity, signs && ARRAY['identity-missing', 'identity-changed']
         -- What still waits for its signature teaches nothing.
         OR EXISTS (SELECT FROM push WHERE push.id = push_id AND signature_due_at IS NOT NULL) AS "isDeviating" FROM (
         SELECT DISTINCT ON (digest) digest, push_id, tag, identity, signs, at FROM push_identity
         WHERE (connection, repository) = ($1, $2) AND is_version = $3 AND digest <> $4 AND push_id <> $6
           AND at < least($5, (SELECT min(at) FROM push_identity AS same WHERE (same.connection, same.repository, same.digest) = ($1, $2, $4)))
         ORDER BY digest, at) AS others
       ORDER BY at DESC LIMIT ${maxEarlier}`,
      [push.connection, push.repository, isVersion, push.digest, push.receivedAt, push.id],
    );
  }

  /**
   * Another repository where the same digest is signed, or seems to be: `registry/repository`; null
   * without one.
   */
  async signedElsewhere({ connection, repository, digest }: Push): Promise<string | null> {
    const [place] = await this.store.aggregate<{ place: string }>(
      `SELECT coalesce(push.registry_host, push.connection) || '/' || push.repository AS place
       FROM push_identity AS known JOIN push ON push.id = push_id
       WHERE known.digest = $3 AND (known.connection, known.repository) <> ($1, $2)
         AND NOT jsonb_path_exists(known.identity, '$.images[*].signature ? (@ == false)') ORDER BY known.at LIMIT 1`,
      [connection, repository, digest],
    );
    return place?.place ?? null;
  }

  /** Stores the identity of a push. */
  async put(
    tx: Transaction,
    push: Push,
    { identity, isVersion, warnings }: { identity: PushIdentity; isVersion: boolean; warnings: readonly PushWarning[] },
  ): Promise<void> {
    const { id, connection, repository, tag, digest, pushedBy, receivedAt } = push;
    await tx.query(
      `INSERT INTO push_identity (push_id, connection, repository, tag, digest, pushed_by, is_version, at, identity, warnings)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (push_id) DO UPDATE SET identity = EXCLUDED.identity, warnings = EXCLUDED.warnings`,
      [id, connection, repository, tag, digest, pushedBy, isVersion, receivedAt, json(identity), json(warnings)],
    );
  }

  /** Whether a push has noted signs, or its repository has findings about its images. */
  async hasFindings(pushId: string): Promise<boolean> {
    const [known] = await this.store.aggregate<{ hasFindings: boolean }>(
      `SELECT EXISTS (SELECT FROM push_identity WHERE push_id = $1 AND signs <> '{}') OR EXISTS (
         SELECT FROM push_image JOIN push ON push.id = push_id
           JOIN repository_finding USING (image_digest, connection, repository) WHERE push_id = $1) AS "hasFindings"`,
      [pushId],
    );
    return known!.hasFindings;
  }

  /**
   * Stores the ids of the present supply-chain findings of a push, above low severity.
   * @param awaited ids of findings that are not announced yet, which are left out
   */
  async noteSigns(tx: Transaction, pushId: string, awaited: readonly string[]): Promise<void> {
    await tx.query(
      // Most pushes have none, before and after: nothing is written for them.
      `UPDATE push_identity SET signs = present.signs
       FROM (
         SELECT push_id, ARRAY(
           SELECT DISTINCT finding ->> 'id' FROM repository_finding AS found
           WHERE (found.connection, found.repository) = (own.connection, own.repository) AND (found.tag IS NULL OR found.tag = own.tag)
             AND found.image_digest IN (SELECT image_digest FROM push_image WHERE push_image.push_id = own.push_id)
             AND finding ->> 'kind' = 'supply-chain' AND finding ->> 'severity' NOT IN ('low', 'negligible')
             AND finding ->> 'id' <> ALL($2::text[]) ORDER BY 1) AS signs
         FROM push_identity AS own WHERE push_id = $1) AS present
       WHERE push_identity.push_id = present.push_id AND push_identity.signs <> present.signs`,
      [pushId, awaited],
    );
  }
}
