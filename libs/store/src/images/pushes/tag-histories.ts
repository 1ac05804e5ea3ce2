import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { Store } from '../../core/store.js';
import type { EarlierPush } from './provenances.js';
import type { RepositoryPlace } from './pushes.js';

/** Digest of a tag at a time. */
interface TagEntry {
  tag: string;
  digest: Digest;
  atMs: number;
}

/** Earlier digests of a tag before a push, oldest first, and the other names of these digests. */
export interface StoredTagHistory {
  tag: string;
  earlier: TagEntry[];
  alsoNamed: TagEntry[];
}

/** Other content under the same repository path and tag of another registry. */
export interface PushElsewhere extends EarlierPush, RepositoryPlace {
  registry: string;
}

/** Limit on the entries of the history of one tag; the newest ones count. */
const maxEntries = 50;
const maxNames = 1_000;

/**
 * SQL condition: two manifests have the same config, so they are one image that was packed again.
 */
const isRepacked = (one: string, other: string) =>
  `EXISTS (SELECT FROM image AS a JOIN image AS b USING (config_digest) WHERE a.digest = ${one} AND b.digest = ${other})`;

/** SQL for a push, and the pushes of its repository path and tag in other registries. */
const pushElsewhere = `push AS own JOIN push AS other ON (other.repository, other.tag) = (own.repository, own.tag)
  AND coalesce(other.registry_host, other.connection) <> coalesce(own.registry_host, own.connection)`;

/** Earlier digests of tags, and their digests in other registries. */
@Injectable()
export class TagHistories {
  constructor(private readonly store: Store) {}

  /**
   * Last other digest of the tag of a push before the push; null if there was none. Repacked images
   * count as the same.
   */
  async contentBefore(pushId: string): Promise<EarlierPush | null> {
    const [before] = await this.store.aggregate<EarlierPush>(
      `SELECT past.digest, past.at AS "pushedAt" FROM tag_ledger AS own JOIN tag_ledger AS past
         ON (past.connection, past.repository, past.tag) = (own.connection, own.repository, own.tag)
       WHERE own.push_id = $1 AND NOT own.is_seen AND past.position < own.position AND past.digest <> own.digest AND NOT ${isRepacked('past.digest', 'own.digest')}
       ORDER BY past.position DESC LIMIT 1`,
      [pushId],
    );
    return before ?? null;
  }

  /**
   * Earlier digests of the tag of a push, in this or another registry, and the other names of these
   * digests.
   */
  async of(
    pushId: string,
    { connection, repository, tag }: RepositoryPlace & { tag: string },
  ): Promise<StoredTagHistory> {
    const earlier = await this.store.aggregate<{ digest: Digest; atMs: number; position: number }>(
      `SELECT * FROM (
         SELECT past.digest, extract(epoch FROM past.at)::float * 1000 AS "atMs", past.position FROM tag_ledger AS past
         JOIN tag_ledger AS own ON own.push_id = $1 AND NOT own.is_seen
         WHERE (past.connection, past.repository, past.tag) = ($2, $3, $4) AND past.digest IS NOT NULL
           AND CASE WHEN (past.connection, past.repository, past.tag) = (own.connection, own.repository, own.tag)
             THEN past.position < own.position ELSE past.at < own.at END
         ORDER BY past.position DESC LIMIT ${maxEntries}) AS newest ORDER BY position`,
      [pushId, connection, repository, tag],
    );
    if (earlier.length === 0) return { tag, earlier: [], alsoNamed: [] };
    const alsoNamed = await this.store.aggregate<TagEntry>(
      `SELECT tag, digest, min(extract(epoch FROM at)::float * 1000) AS "atMs" FROM tag_ledger
       WHERE (connection, repository) = ($1, $2) AND tag <> $3 AND digest = ANY($4) GROUP BY tag, digest LIMIT ${maxNames}`,
      [connection, repository, tag, earlier.map(({ digest }) => digest)],
    );
    return { tag, earlier: earlier.map(({ digest, atMs }) => ({ tag, digest, atMs })), alsoNamed };
  }

  /**
   * Digests of the tag of a push in other registries, if they differ in the image of a shared
   * platform.
   */
  async elsewhere(pushId: string): Promise<PushElsewhere[]> {
    // Planning the comparison takes longer than most other statements about a push, and most
    // repositories are in one registry.
    const others = await this.store.query(`SELECT FROM ${pushElsewhere} WHERE own.id = $1 LIMIT 1`, [pushId]);
    if (others.length === 0) return [];
    return this.store.aggregate<PushElsewhere>(
      `SELECT DISTINCT ON (there.connection) there.connection, there.repository, coalesce(other.registry_host, there.connection) AS registry,
         there.digest, there.at AS "pushedAt"
       FROM ${pushElsewhere}
       JOIN tag_ledger AS there ON there.push_id = other.id AND NOT there.is_seen AND there.at <= (SELECT at FROM tag_ledger AS mine WHERE mine.push_id = own.id AND NOT mine.is_seen)
       WHERE own.id = $1 AND NOT EXISTS (
           SELECT FROM tag_ledger AS later
           WHERE (later.connection, later.repository, later.tag) = (there.connection, there.repository, there.tag) AND later.position > there.position)
         AND EXISTS (
           SELECT FROM push_image AS here JOIN image AS a ON a.digest = here.image_digest
           JOIN push_image AS away ON away.push_id = other.id JOIN image AS b ON b.digest = away.image_digest AND b.platform = a.platform
           WHERE here.push_id = own.id AND a.config_digest <> b.config_digest)
       ORDER BY there.connection, there.at DESC LIMIT 10`,
      [pushId],
    );
  }
}
