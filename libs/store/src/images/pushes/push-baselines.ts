import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { Store } from '../../core/store.js';
import type { Push } from './pushes.js';

/** Content of another tag of the repository before a push. */
export interface EarlierTag {
  tag: string;
  digest: Digest;
  at: Date;
  pushedBy: string | null;
  /** Whether its push has a verdict; false while it is being read. */
  isAnalyzed: boolean;
}

/**
 * Limit on the compared tags of one repository, as builds that never delete a tag have thousands.
 */
const maxTags = 20_000;

/** SQL condition on an entry of the ledger and its push: it was there before the push `$4`. */
const isEarlier = (entry: string, brought: string) =>
  `${entry}.digest IS NOT NULL AND ${brought}.state IN ('analyzing', 'analyzed')
   AND ${entry}.at < (SELECT min(at) FROM tag_ledger WHERE push_id = $4)`;

/** Baselines that pushes are compared with. */
@Injectable()
export class PushBaselines {
  constructor(private readonly store: Store) {}

  /**
   * Digests of the other tags of the repository at the time of a push, newest first; of a deleted
   * tag its last one.
   */
  async otherTags(push: Pick<Push, 'id' | 'connection' | 'repository'>, tag: string): Promise<EarlierTag[]> {
    return this.store.aggregate<EarlierTag>(
      `SELECT tag, digest, at, "pushedBy", "isAnalyzed" FROM (
         SELECT DISTINCT ON (entry.tag) entry.tag, entry.digest, entry.at, entry.actor AS "pushedBy", brought.state = 'analyzed' AS "isAnalyzed"
         FROM tag_ledger AS entry JOIN push AS brought ON brought.id = entry.push_id
         WHERE (entry.connection, entry.repository) = ($1, $2) AND entry.tag <> $3 AND ${isEarlier('entry', 'brought')}
         ORDER BY entry.tag, entry.position DESC
       ) AS known ORDER BY at DESC, tag LIMIT ${maxTags}`,
      [push.connection, push.repository, tag, push.id],
    );
  }

  /**
   * The first `limit` of {@link otherTags}, without reading the others: the plan is made for the
   * number, which is in the text.
   */
  async newestTags(
    push: Pick<Push, 'id' | 'connection' | 'repository'>,
    tag: string,
    limit: number,
  ): Promise<EarlierTag[]> {
    return this.store.aggregate<EarlierTag>(
      `SELECT entry.tag, entry.digest, entry.at, entry.actor AS "pushedBy", brought.state = 'analyzed' AS "isAnalyzed"
       FROM tag_ledger AS entry JOIN push AS brought ON brought.id = entry.push_id
       WHERE (entry.connection, entry.repository) = ($1, $2) AND entry.tag <> $3 AND ${isEarlier('entry', 'brought')}
         AND NOT EXISTS (
           SELECT FROM tag_ledger AS later JOIN push AS later_push ON later_push.id = later.push_id
           WHERE (later.connection, later.repository, later.tag) = (entry.connection, entry.repository, entry.tag)
             AND later.position > entry.position AND ${isEarlier('later', 'later_push')})
       ORDER BY entry.at DESC, entry.tag LIMIT ${limit}`,
      [push.connection, push.repository, tag, push.id],
    );
  }

  /**
   * Account that last pushed a digest under a tag before a push; null if the registry does not name
   * it.
   */
  async pusherOf(
    push: Pick<Push, 'id' | 'connection' | 'repository'>,
    tag: string,
    digest: Digest,
  ): Promise<string | null> {
    const [entry] = await this.store.aggregate<{ actor: string | null }>(
      `SELECT actor FROM tag_ledger
       WHERE (connection, repository, tag, digest) = ($1, $2, $3, $4) AND push_id IS DISTINCT FROM $5
         AND position < coalesce((SELECT min(position) FROM tag_ledger WHERE push_id = $5), 2147483647)
       ORDER BY position DESC LIMIT 1`,
      [push.connection, push.repository, tag, digest, push.id],
    );
    return entry?.actor ?? null;
  }
}
